-- A settlement function as one would write it in PostgreSQL: one transaction a claim.
-- Ordinary care of one city; amounts in fen, rates in basis points, whole numbers throughout.

CREATE TABLE tariff (
    level int, status int, deductible bigint NOT NULL, rate bigint NOT NULL, cap bigint NOT NULL,
    PRIMARY KEY (level, status)
);

CREATE TABLE member_year (
    member int, year int, borne bigint NOT NULL DEFAULT 0, paid bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (member, year)
);

CREATE TABLE journal (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    institution int NOT NULL, request_id text NOT NULL,
    member int NOT NULL, year int NOT NULL, level int NOT NULL, status int NOT NULL,
    in_scope bigint NOT NULL, charged bigint NOT NULL, copay bigint NOT NULL,
    cut_annual bigint NOT NULL, fund bigint NOT NULL,
    borne_before bigint NOT NULL, paid_before bigint NOT NULL,
    taken timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (institution, request_id)
);

CREATE FUNCTION settle(
    of_institution int, of_request text, of_member int, of_year int, of_level int, of_status int,
    of_in_scope bigint, OUT charged bigint, OUT fund bigint
) LANGUAGE plpgsql AS $$
DECLARE
    line member_year;
    terms tariff;
    by_rate bigint;
BEGIN
    -- A request that was settled before gets its first answer again.
    SELECT j.charged, j.fund INTO charged, fund FROM journal j
        WHERE j.institution = of_institution AND j.request_id = of_request;
    IF FOUND THEN
        RETURN;
    END IF;
    SELECT * INTO STRICT terms FROM tariff t WHERE t.level = of_level AND t.status = of_status;
    SELECT * INTO line FROM member_year m
        WHERE m.member = of_member AND m.year = of_year FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO member_year (member, year) VALUES (of_member, of_year)
            ON CONFLICT DO NOTHING;
        SELECT * INTO STRICT line FROM member_year m
            WHERE m.member = of_member AND m.year = of_year FOR UPDATE;
    END IF;
    charged := least(of_in_scope, greatest(0, terms.deductible - line.borne));
    by_rate := ((of_in_scope - charged) * terms.rate + 5000) / 10000;
    fund := least(by_rate, greatest(0, terms.cap - line.paid));
    UPDATE member_year m SET borne = m.borne + settle.charged, paid = m.paid + settle.fund
        WHERE m.member = of_member AND m.year = of_year;
    INSERT INTO journal (
        institution, request_id, member, year, level, status, in_scope,
        charged, copay, cut_annual, fund, borne_before, paid_before
    ) VALUES (
        of_institution, of_request, of_member, of_year, of_level, of_status, of_in_scope,
        charged, of_in_scope - charged - by_rate, by_rate - fund, fund, line.borne, line.paid
    );
END
$$;
