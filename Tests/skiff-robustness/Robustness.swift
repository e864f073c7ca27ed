import Foundation
import SkiffBinary
import SkiffTestSupport

/// Runs Skiff on bad input in a process of its own: what crashes, hangs or takes too much memory ends the process, and
/// the last line of its output says which case it was.
///
///     skiff-robustness operators SEED FIRST COUNT
///     skiff-robustness mutations SEED FIRST COUNT FILE [PARTNER]
///     skiff-robustness truncations STEP FIRST COUNT FILE [PARTNER]
///     skiff-robustness files 0 FIRST COUNT FOLDER
///     skiff-robustness graphs 0 FIRST COUNT FOLDER
///     skiff-robustness fuzz FILE [OPTION OF LIBFUZZER...]
///
/// A run of one case of `operators` describes what inference does not accept too.
///
/// `files` reads the files of a folder as they are, in the order of their names, which begin with their format and `-`. `fuzz` is there in a build with
/// SKIFF_FUZZ=1, see `Scripts/fuzz`; the file says which format it is.
///
/// `graphs` checks the models that `onnx_random.py`, `onnx_changed_nodes.py` or `litert_changed_operators.py` wrote to the folder:
/// those that Skiff refuses are lines `refused NUMBER STAGE: REASON`, and in its numbers is what `ran`.
///
/// An outcome that contradicts another one is a line that begins with `wrong`. At the end stand the operators that `ran`
/// to a result in some case, or the number of files `accepted`.
@main struct Robustness {
  static func main() throws { try Limits.$current.withValue(FileCases.limits, operation: run) }

  private static func run() throws {
    let arguments = CommandLine.arguments.dropFirst()
    #if SKIFF_FUZZ
      if arguments.first == "fuzz" { return try fuzz(Array(arguments.dropFirst())) }
    #endif
    guard arguments.count >= 4, let parameter = UInt64(Array(arguments)[1]),
      let first = Int(Array(arguments)[2]), let count = Int(Array(arguments)[3])
    else { return usage() }
    let rest = Array(arguments.dropFirst(4))
    let guardian = Guardian()
    switch arguments.first {
    case "operators": try operators(Seed(parameter), first..<first + count, guardian)
    case "mutations":
      let files = try FileCases(rest[0], partner: rest.dropFirst().first)
      try report(first..<first + count, guardian) { try files.mutated($0, Seed(parameter)) }
    case "truncations":
      let files = try FileCases(rest[0], partner: rest.dropFirst().first)
      let step = Int(parameter)
      let last = min(first + count, (files.byteCount + step - 1) / step)
      try report(first..<max(first, last), guardian) { try files.truncated($0 * step) }
    case "files":
      let names = try FileManager.default.contentsOfDirectory(atPath: rest[0]).filter { $0.contains("-") }
        .sorted()
      try report(first..<max(first, min(first + count, names.count)), guardian) { index in
        let format = names[index].prefix { $0 != "-" }
        return try FileCases("\(rest[0])/\(names[index])", format: String(format)).truncated(Int.max)
      }
    case "graphs": graphs(first..<first + count, in: rest[0], guardian)
    default: usage()
    }
  }

  private static func usage() {
    print(
      "usage: skiff-robustness operators|mutations|truncations|files|graphs SEED FIRST COUNT [FILE [PARTNER]]"
    )
    exit(64)
  }

  private static func operators(_ seed: Seed, _ numbers: Range<Int>, _ guardian: Guardian) throws {
    var ran: Set<String> = []
    let sinks = try FormatSinks()
    for number in numbers {
      guardian.begin(number)
      for attempt in 0..<(number % 3 == 0 ? 1 : 30) {
        var subject = OperatorCase(number, attempt: attempt, seed)
        // Texts take long, and of most attempts inference makes nothing.
        guardian.say(
          "case \(number) attempt \(attempt) \(numbers.count > 1 ? subject.name : subject.description)")
        let complaints = subject.run(into: sinks) { guardian.say("case \(number) \($0)") }
        for complaint in complaints { guardian.say("wrong \(number) \(subject.description): \(complaint)") }
        if subject.didRun { ran.insert(subject.name) }
        if subject.isValid { break }
      }
    }
    guardian.say("ran \(ran.sorted().joined(separator: " "))")
    guardian.say("done")
  }

  private static func graphs(_ numbers: Range<Int>, in folder: String, _ guardian: Guardian) {
    for number in numbers where GraphCase.exists(number, in: folder) {
      guardian.begin(number)
      var subject = GraphCase(number, in: folder)
      for line in subject.run() { guardian.say(line) }
    }
    guardian.say("done")
  }

  private static func report(
    _ numbers: Range<Int>, _ guardian: Guardian, _ isAccepted: (Int) throws -> Bool
  ) throws {
    var accepted = 0
    for number in numbers {
      guardian.begin(number)
      if try isAccepted(number) { accepted += 1 }
    }
    guardian.say("accepted \(accepted)")
    guardian.say("done")
  }
}
