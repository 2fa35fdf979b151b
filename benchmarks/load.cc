// A load client that costs little: raw bytes over Debian's gRPC, one thread, one queue.
//
//   load ADDRESS METHOD MESSAGES ANSWERS --seconds S --window N --warm N [--again]
//
// MESSAGES, little-endian: streams (u32); for each: opening (u32 length, bytes; empty: none), number
// of messages (u32), and each message (u32 length, bytes). Every stream sends its opening and waits
// for its answer; then its first `warm` messages; then, once a line comes on standard input, closed
// loop with `window` unanswered, until the time is up, or for all as soon as one has no more. With
// --again it begins anew instead, and no answer but the first is kept. Then the streams end.
//
// Progress is a line on standard output, "ready"; the last line is JSON. ANSWERS gets each answer:
// stream (u32), index (u32), latency (u64 nanoseconds, 0 while warming up), length (u32), bytes.

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr int kStreamsAChannel = 32;
constexpr int kMessageBytesMax = 16 << 20;
constexpr int kPatienceSeconds = 120;

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "load: %s\n", why.c_str());
  std::_Exit(1);
}

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

double own_cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return used.ru_utime.tv_sec + used.ru_stime.tv_sec +
         (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

struct Bytes {
  const char* data;
  uint32_t size;
};

struct Plan {
  Bytes opening;
  std::vector<Bytes> messages;
};

// Reads MESSAGES where it lies: the messages are sent from there.
class Reader {
 public:
  explicit Reader(const char* path) {
    int file = open(path, O_RDONLY);
    struct stat about{};
    if (file < 0 || fstat(file, &about) != 0) fail(std::string("cannot read ") + path);
    size_ = static_cast<size_t>(about.st_size);
    void* at = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    if (at == MAP_FAILED) fail(std::string("cannot map ") + path);
    data_ = static_cast<const char*>(at);
    close(file);
  }

  uint32_t number() {
    uint32_t value;
    std::memcpy(&value, take(sizeof value), sizeof value);
    return value;
  }

  Bytes bytes() {
    uint32_t size = number();
    return {take(size), size};
  }

 private:
  const char* take(size_t size) {
    if (size > size_ - at_) fail("the messages break off");
    at_ += size;
    return data_ + at_ - size;
  }

  const char* data_;
  size_t size_, at_ = 0;
};

std::vector<Plan> read_plans(const char* path) {
  Reader reader(path);
  std::vector<Plan> plans(reader.number());
  for (Plan& plan : plans) {
    plan.opening = reader.bytes();
    plan.messages.resize(reader.number());
    for (Bytes& message : plan.messages) message = reader.bytes();
  }
  return plans;
}

struct Options {
  std::string address, method, messages, answers;
  double seconds = 0;
  uint32_t window = 1, warm = 0;
  bool again = false;
};

struct Answer {
  uint32_t stream, index;
  int64_t latency;
  grpc::ByteBuffer bytes;
};

enum Op { kStart, kWrite, kRead, kDone, kFinish, kOps };

struct Stream;

struct Tag {
  Stream* stream;
  Op op;
};

struct Sent {
  uint32_t index;
  int64_t at;  // 0: while warming up
};

struct Stream {
  uint32_t number = 0;
  const Plan* plan = nullptr;
  grpc::ClientContext context;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call;
  grpc::ByteBuffer reading;
  grpc::Status status;
  Tag tags[kOps];
  std::deque<Sent> unanswered;
  uint32_t sent = 0, answered = 0;
  bool opened = false, writing = false;
};

enum Phase { kOpening, kWarming, kRunning, kEnding };

class Run {
 public:
  Run(const Options& options, const std::vector<Plan>& plans) : options_(options) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
    arguments.SetMaxSendMessageSize(kMessageBytesMax);
    size_t channels = (plans.size() + kStreamsAChannel - 1) / kStreamsAChannel;
    for (size_t n = 0; n < channels; ++n)
      stubs_.push_back(std::make_unique<grpc::GenericStub>(grpc::CreateCustomChannel(
          options.address, grpc::InsecureChannelCredentials(), arguments)));
    for (size_t n = 0; n < plans.size(); ++n) {
      streams_.push_back(std::make_unique<Stream>());
      Stream& stream = *streams_.back();
      stream.number = static_cast<uint32_t>(n);
      stream.plan = &plans[n];
      for (int op = 0; op < kOps; ++op) stream.tags[op] = {&stream, static_cast<Op>(op)};
      if (plans[n].messages.size() < (options.again ? 1 : options.warm + 1)) fail("too few messages");
      stream.call =
          stubs_[n % channels]->PrepareCall(&stream.context, "/" + options.method, &queue_);
      stream.call->StartCall(&stream.tags[kStart]);
    }
  }

  void open_and_warm() {
    await([this] { return opened_ == streams_.size() && quiet(); });
    phase_ = kWarming;
    for (auto& stream : streams_) pump(*stream);
    await([this] { return quiet(); });
  }

  void run() {
    cpu_ = own_cpu_seconds();
    began_ = now_ns();
    end_ = began_ + static_cast<int64_t>(options_.seconds * 1e9);
    phase_ = kRunning;
    for (auto& stream : streams_) pump(*stream);
    await([this] { return quiet(); });
    ended_ = now_ns();
    cpu_ = own_cpu_seconds() - cpu_;
  }

  void finish() {
    phase_ = kEnding;
    for (auto& stream : streams_) stream->call->WritesDone(&stream->tags[kDone]);
    await([this] { return finished_ == streams_.size(); });
    queue_.Shutdown();
    void* tag;
    bool ok;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  void tell() {
    std::sort(latencies_.begin(), latencies_.end());
    double seconds = (ended_ - began_) / 1e9;
    std::printf(
        "{\"seconds\": %.6f, \"messages\": %zu, \"p50_us\": %.3f, \"p99_us\": %.3f, "
        "\"longest_us\": %.3f, \"client_cpu_seconds\": %.6f, \"ran_out\": %s}\n",
        seconds, latencies_.size(), percentile(50), percentile(99), percentile(100), cpu_,
        ran_out_ ? "true" : "false");
    std::fflush(stdout);
  }

  void write_answers() {
    FILE* file = std::fopen(options_.answers.c_str(), "wb");
    if (file == nullptr) fail("cannot write " + options_.answers);
    for (Answer& answer : answers_) {
      std::vector<grpc::Slice> slices;
      if (!answer.bytes.Dump(&slices).ok()) fail("an answer cannot be read");
      uint32_t size = static_cast<uint32_t>(answer.bytes.Length());
      put(file, &answer.stream, sizeof answer.stream);
      put(file, &answer.index, sizeof answer.index);
      put(file, &answer.latency, sizeof answer.latency);
      put(file, &size, sizeof size);
      for (const grpc::Slice& slice : slices) put(file, slice.begin(), slice.size());
      answer.bytes.Clear();
    }
    if (std::fclose(file) != 0) fail("cannot write " + options_.answers);
  }

 private:
  template <typename Until>
  void await(Until until) {
    auto patience = std::chrono::duration<double>(kPatienceSeconds + options_.seconds);
    auto deadline = std::chrono::system_clock::now() +
                    std::chrono::duration_cast<std::chrono::system_clock::duration>(patience);
    while (!until()) {
      void* tag;
      bool ok;
      if (queue_.AsyncNext(&tag, &ok, deadline) != grpc::CompletionQueue::GOT_EVENT)
        fail("no answer");
      Tag* of = static_cast<Tag*>(tag);
      happened(*of->stream, of->op, ok);
    }
  }

  void happened(Stream& stream, Op op, bool ok) {
    switch (op) {
      case kStart:
        if (!ok) return end(stream);
        read(stream);
        if (stream.plan->opening.size) {
          write(stream, stream.plan->opening);
        } else {
          opened(stream);
        }
        break;
      case kWrite:
        stream.writing = false;
        --writing_;
        if (ok) pump(stream);  // if not, the read that fails as well ends the stream
        break;
      case kRead:
        if (!ok) return end(stream);
        if (!stream.opened) {
          opened(stream);
        } else {
          answer(stream);
        }
        read(stream);
        pump(stream);
        break;
      case kDone:
        break;
      default:
        if (!stream.status.ok() || phase_ != kEnding)
          fail("a stream ended: " + stream.status.error_message());
        ++finished_;
    }
  }

  // Everything that was sent is answered, and the streams can send again.
  bool quiet() const { return waiting_ == 0 && writing_ == 0; }

  void opened(Stream& stream) {
    stream.opened = true;
    ++opened_;
  }

  void end(Stream& stream) { stream.call->Finish(&stream.status, &stream.tags[kFinish]); }

  void read(Stream& stream) {
    stream.reading.Clear();
    stream.call->Read(&stream.reading, &stream.tags[kRead]);
  }

  void write(Stream& stream, const Bytes& bytes) {
    grpc::Slice slice(bytes.data, bytes.size, grpc::Slice::STATIC_SLICE);
    stream.writing = true;
    ++writing_;
    stream.call->Write(grpc::ByteBuffer(&slice, 1), &stream.tags[kWrite]);
  }

  // Takes the answer to the oldest message that has none.
  void answer(Stream& stream) {
    if (stream.unanswered.empty()) fail("an answer too many");
    Sent sent = stream.unanswered.front();
    stream.unanswered.pop_front();
    --waiting_;
    int64_t latency = sent.at ? now_ns() - sent.at : 0;
    if (sent.at) latencies_.push_back(latency);
    if (!options_.again || stream.answered == 0) {
      answers_.push_back({stream.number, sent.index, latency, grpc::ByteBuffer()});
      answers_.back().bytes.Swap(&stream.reading);
    }
    ++stream.answered;
  }

  // Sends the next message if there is room and time for it.
  void pump(Stream& stream) {
    if (stream.writing || stream.unanswered.size() >= options_.window) return;
    size_t known = stream.plan->messages.size();
    int64_t at = 0;
    if (phase_ == kWarming) {
      if (stream.sent >= options_.warm) return;
    } else if (phase_ == kRunning) {
      if (ran_out_) return;
      if (!options_.again && stream.sent >= known) {
        ran_out_ = true;
        return;
      }
      at = now_ns();
      if (at >= end_) return;
    } else {
      return;
    }
    uint32_t index = static_cast<uint32_t>(stream.sent++ % known);
    stream.unanswered.push_back({index, at});
    ++waiting_;
    write(stream, stream.plan->messages[index]);
  }

  double percentile(size_t share) const {
    if (latencies_.empty()) return 0;
    size_t rank = (latencies_.size() * share + 99) / 100;
    return latencies_[std::max<size_t>(rank, 1) - 1] / 1e3;
  }

  static void put(FILE* file, const void* data, size_t size) {
    if (std::fwrite(data, 1, size, file) != size) fail("the answers cannot be written");
  }

  const Options& options_;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  std::vector<std::unique_ptr<Stream>> streams_;
  Phase phase_ = kOpening;
  size_t opened_ = 0, waiting_ = 0, writing_ = 0, finished_ = 0;
  int64_t began_ = 0, end_ = 0, ended_ = 0;
  double cpu_ = 0;
  bool ran_out_ = false;
  std::vector<int64_t> latencies_;
  std::vector<Answer> answers_;
};

Options read_options(int count, char** words) {
  if (count < 5) fail("expected ADDRESS METHOD MESSAGES ANSWERS and options");
  Options options;
  options.address = words[1];
  options.method = words[2];
  options.messages = words[3];
  options.answers = words[4];
  for (int n = 5; n < count; ++n) {
    std::string word = words[n];
    if (word == "--again") {
      options.again = true;
      continue;
    }
    if (n + 1 == count) fail(word + " lacks its value");
    const char* value = words[++n];
    if (word == "--seconds") {
      options.seconds = std::atof(value);
    } else if (word == "--window") {
      options.window = static_cast<uint32_t>(std::atoi(value));
    } else if (word == "--warm") {
      options.warm = static_cast<uint32_t>(std::atoi(value));
    } else {
      fail(word + " is not an option");
    }
  }
  return options;
}

}  // namespace

int main(int count, char** words) {
  // Memory that was given back is asked for again, and cleared, with every large message.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 64 << 20);
  Options options = read_options(count, words);
  std::vector<Plan> plans = read_plans(options.messages.c_str());
  Run run(options, plans);
  run.open_and_warm();
  std::printf("ready\n");
  std::fflush(stdout);
  if (std::getchar() == EOF) fail("nobody said go");
  run.run();
  run.tell();
  run.finish();
  run.write_answers();
  return 0;
}
