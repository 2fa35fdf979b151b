"""The receipt a patient reads: word for word, and aligned."""

from clients.paper import WIDTH, width, wrap
from clients.receipt import (
    Counter,
    FigureUsed,
    Ground,
    Receipt,
    receipt_json,
    receipt_text,
    refusal_text,
)
from engine.domain.codes import Benefit
from engine.domain.layout import AMOUNTS
from engine.domain.reasons import Reason

RECEIPT = Receipt(
    title="某市",
    settlement_id=17,
    institution="H1",
    request_id="R-2024-1",
    member="M1",
    service_date=2024_03_05,
    benefit=1,
    amounts=dict.fromkeys(AMOUNTS, 0)
    | {
        "total": 112_705,
        "non_covered": 405,
        "over_limit": 300,
        "pre_payment": 12_000,
        "first_pay": 10_000,
        "in_scope": 100_000,
        "deductible": 50_000,
        "copay": 20_000,
        "cut_annual": 1_000,
        "pooled_fund": 29_000,
        "person": 83_705,
        "account": 3_705,
        "cash": 80_000,
    },
    grounds={
        "first_pay": (Ground("某政发〔2022〕1号", "第六条第二款", "临时外出就医先自付10%"),),
        "deductible": (
            Ground(
                "某政发〔2022〕1号", "第六条第一款", "二级医疗机构年度起付标准500元，各级别累计计算"
            ),
        ),
        "copay": (
            Ground("某政发〔2022〕1号", "第六条第一款", "二级医疗机构支付比例60%"),
            Ground("某政发〔2022〕1号", "", "文件未规定取整方法，四舍五入到分", stated=False),
        ),
        "cut_annual": (Ground("某政发〔2022〕1号", "第七条", "年度最高支付限额2000元"),),
    },
    counters=(
        Counter("deductible", 0, 50_000),
        Counter("ordinary_paid", 171_000, 200_000),
    ),
    figures=(FigureUsed("average_wage.2022", "98765.50", "统计公报"),),
)


def test_a_benefit_that_was_not_given_is_said_in_a_line() -> None:
    text = receipt_text(RECEIPT._replace(requested_benefit=Benefit.CHRONIC))
    assert "\n★ 申请待遇 门诊慢性病：未登记该病种或该级别机构不开展，按普通门诊结算\n" in text
    text = receipt_text(RECEIPT._replace(requested_benefit=Benefit.EMERGENCY))
    assert "\n★ 申请待遇 急诊：按普通门诊结算\n" in text
    assert "申请待遇" not in receipt_text(RECEIPT._replace(requested_benefit=Benefit.ORDINARY))
    assert receipt_json(RECEIPT)["requested_benefit"] == "ordinary"


EXPECTED = """\
════════════════════════════════════════════════════════════════════════
                         某市职工医保门诊结算单
════════════════════════════════════════════════════════════════════════
就诊日期 2024年3月5日                                          结算号 17
参保人   M1                                                待遇 普通门诊
医药机构 H1                                              请求号 R-2024-1

一、费用是怎样构成的（元）
  目录外费用                                                        4.05
  超限价费用                                                        3.00
  先行自付                                                        120.00
    其中异地就医先行自付                                          100.00
    依据：某政发〔2022〕1号第六条第二款：临时外出就医先自付10%
  政策范围内费用                                                 1000.00
  ──────────────────────────────────────────────────────────────────────
  医疗费用总额                                                   1127.05

二、政策范围内费用由谁负担（元）
  起付标准，由个人负担                                            500.00
    依据：某政发〔2022〕1号第六条第一款：二级医疗机构年度起付标准500元，
          各级别累计计算
  按比例由个人负担                                                200.00
    依据：某政发〔2022〕1号第六条第一款：二级医疗机构支付比例60%
    依据：某政发〔2022〕1号未作规定：文件未规定取整方法，四舍五入到分
  超过年度限额                                                     10.00
    依据：某政发〔2022〕1号第七条：年度最高支付限额2000元
  统筹基金支付                                                    290.00
  ──────────────────────────────────────────────────────────────────────
  政策范围内费用                                                 1000.00

三、由谁支付（元）
  统筹基金                                                        290.00
  个人账户                                                         37.05
  个人现金                                                        800.00
  ──────────────────────────────────────────────────────────────────────
  合计                                                           1127.05
  其中个人负担（个人账户、共济账户与现金）                        837.05

四、本年度累计（元）
                                                  结算前          结算后
  起付标准已负担                                    0.00          500.00
  普通门诊统筹已支付                             1710.00         2000.00

五、计算所用、由经办机构提供的数据
  · average_wage.2022 = 98765.50（来源：统计公报）
════════════════════════════════════════════════════════════════════════
"""


def test_the_receipt_reads_as_it_should() -> None:
    assert receipt_text(RECEIPT) == EXPECTED


def test_no_line_is_wider_than_the_paper() -> None:
    long = Ground("某政发〔2022〕1号", "第六条", "很长的一条规定，" * 40)
    text = receipt_text(RECEIPT._replace(grounds={"copay": (long,)}))
    # A closing sign may hang over.
    assert max(width(line) for line in text.splitlines()) <= WIDTH + 2


def test_an_excluded_claim_says_why() -> None:
    amounts = dict.fromkeys(AMOUNTS, 0) | {
        "total": 1_000,
        "excluded": 1_000,
        "person": 1_000,
        "cash": 1_000,
    }
    ground = Ground("某政发〔2022〕1号", "第八条", "欠费期间的费用基金不予支付")
    text = receipt_text(
        RECEIPT._replace(amounts=amounts, reason=Reason.ARREARS, grounds={"excluded": (ground,)})
    )
    assert "基金不予支付" in text
    assert "原因：欠费期间" in text
    assert "第八条" in text
    assert "起付标准，由个人负担" not in text


def test_preview_replay_and_undo_are_told_apart() -> None:
    assert "试算单" in receipt_text(RECEIPT._replace(preview=True))
    assert "同一结果" in receipt_text(RECEIPT._replace(replayed=True))
    assert "已撤销（撤销号 99）" in receipt_text(RECEIPT._replace(undone_by=99))


def test_a_refusal_has_its_code_and_its_meaning() -> None:
    text = refusal_text(Reason.NO_FIGURE, "annual_cap is missing")
    assert "NO_FIGURE" in text
    assert "缺少" in text
    assert "annual_cap" in text


def test_every_reason_has_a_meaning() -> None:
    for reason in Reason:
        if reason:
            assert "（" in refusal_text(reason, "")
            assert not refusal_text(reason, "").startswith("未予结算：（")


def test_the_receipt_for_programs_has_every_part() -> None:
    made = receipt_json(RECEIPT)
    assert made["total"] == "1127.05"
    assert set(AMOUNTS) <= set(made)
    assert made["counters"] == {
        "deductible": ["0.00", "500.00"],
        "ordinary_paid": ["1710.00", "2000.00"],
    }


def test_wrapping_keeps_every_character() -> None:
    text = "二级医疗机构年度起付标准500元，各级别累计计算。" * 3
    for columns in range(2, 80):
        assert "".join(wrap(text, columns)) == text
