import SkiffBinary
import SkiffIR
import SkiffInterpreter
import Synchronization

/// Runs of two graphs on the same inputs, shared among the processors.
struct SideBySide: Sendable {
  let reference: Graph
  let candidate: Graph
  let interface: Interface
  /// How the axes of the candidate's inputs and outputs are ordered that differ from the reference's, by name.
  let orders: [String: [Int]]
  let runs: [[String: Tensor]]
  /// The runs in which values inside are compared: not those that take long anyway, if there are others.
  let watchedRuns: Range<Int>
  /// The number of runs, from the first on, in which the reference runs in the plainest way.
  let plainRuns: Int
  /// A run that is left out if the reference refuses it.
  let optionalRun: Int?

  /// - Parameter orders: nil finds from the sizes where one graph has the channels first and the other last.
  /// - Throws: ``ModelError/Code/checkFailed`` if the graphs have not as many inputs and outputs.
  init(
    reference: Graph, candidate: Graph, runs: [[String: Tensor]], orders: [String: [Int]]? = nil,
    watchedRuns: Int = 0, plainRuns: Int = 1, optionalRun: Int? = nil
  ) throws(ModelError) {
    guard reference.inputs.count == candidate.inputs.count, reference.outputs.count == candidate.outputs.count
    else {
      throw ModelError(
        .checkFailed,
        "\(candidate.inputs.count) inputs and \(candidate.outputs.count) outputs instead of "
          + "\(reference.inputs.count) and \(reference.outputs.count)")
    }
    (self.reference, self.candidate, self.runs) = (reference, candidate, runs)
    (self.plainRuns, self.optionalRun) = (plainRuns, optionalRun)
    let first = max(0, min(plainRuns, runs.count - watchedRuns))
    self.watchedRuns = first..<first + watchedRuns
    interface = Interface(reference, candidate)
    self.orders = orders ?? interface.orders(reference, candidate)
  }

  /// What was found by each of some comparisons of one candidate, joined in the order of its runs: it does not depend on the
  /// number of processors, among which all runs are shared.
  ///
  /// - Parameter progress: Told of the runs of the last comparison.
  static func metrics(
    of comparisons: [SideBySide], _ progress: WorkProgress.Observer?
  ) throws(ModelError) -> [RunMetrics] {
    let jobs = jobs(of: comparisons)
    let workers = max(1, min(Parallel.processorCount, jobs.count))
    let shared = Shared.all(comparisons, threads: workers > 1 ? 1 : Parallel.processorCount)
    let (next, hasFailed) = (Counter(), Counter())
    let left = Mutex(comparisons.map { $0.runs.count })
    let parts = try Parallel.map(workers: workers) { (_) throws(ModelError) in
      var results: [(job: Int, comparison: Int, outcome: Result<RunMetrics, ModelError>)] = []
      var (sessions, last) = (shared.map(Sessions.init), 0)
      while true {
        let index = next.increment()
        // All jobs before one that failed were taken, so that the first failure is always found.
        guard index < jobs.count, hasFailed.value == 0 else { return results }
        let job = jobs[index]
        let (comparison, own) = (comparisons[job.comparison], shared[job.comparison])
        // The memory of a comparison that is done with is given back.
        if last != job.comparison { sessions[last] = Sessions(shared[last]) }
        last = job.comparison
        for number in job.runs {
          let outcome = comparison.result(of: number, &sessions[job.comparison], own)
          results.append((index, job.comparison, outcome))
          if case .failure = outcome {
            _ = hasFailed.increment()
            break
          }
          left.withLock { left in
            left[job.comparison] -= 1
            if left[job.comparison] == 0 { own.clear() }
            let total = comparison.runs.count
            if job.comparison == comparisons.count - 1 {
              progress?(
                WorkProgress(step: "comparing", completed: total - left[job.comparison], total: total))
            }
          }
        }
      }
    }
    var joined = comparisons.map { comparison in
      RunMetrics(outputs: comparison.interface.outputs.map { OutputMetrics(name: $0.reference) })
    }
    for result in parts.joined().sorted(by: { $0.job < $1.job }) {
      joined[result.comparison].join(try result.outcome.get())
    }
    return joined
  }

  /// Runs of one comparison that one worker makes one after the other.
  private struct Job: Sendable {
    let comparison: Int
    let runs: Range<Int>
  }

  /// The runs of the last comparison come first, and those of them that take longest: the plain ones, those whose values
  /// are compared, then the last, which are of other sizes if some are. States go from one run to the next. Runs whose
  /// values inside are compared keep them all: one worker makes them, one after the other.
  private static func jobs(of comparisons: [SideBySide]) -> [Job] {
    comparisons.indices.reversed().flatMap { index in
      let runs = comparisons[index].runs.indices
      let watched = comparisons[index].watchedRuns.clamped(to: runs)
      if comparisons[index].isOrdered { return [Job(comparison: index, runs: runs)] }
      let first = min(runs.count, max(comparisons[index].plainRuns, watched.upperBound))
      return (Array(runs[..<first]) + runs[first...].reversed()).compactMap { run in
        if watched.contains(run) {
          return run == watched.lowerBound ? Job(comparison: index, runs: watched) : nil
        }
        return Job(comparison: index, runs: run..<run + 1)
      }
    }
  }

  /// A number that threads count up.
  private final class Counter: Sendable {
    private let count = Atomic(0)

    var value: Int { count.load(ordering: .relaxed) }

    /// The number before.
    func increment() -> Int { count.wrappingAdd(1, ordering: .relaxed).oldValue }
  }

  private var isOrdered: Bool { !reference.states.isEmpty || !candidate.states.isEmpty }

  /// What the workers have in common for a comparison.
  private struct Shared: Sendable {
    let plain: PlanCache
    let reference: PlanCache
    let candidate: PlanCache
    let names: WatchedNames
    let results: CandidateResults

    private init(_ comparison: SideBySide, _ candidate: PlanCache, _ results: CandidateResults, threads: Int)
    {
      plain = PlanCache(comparison.reference, threads: threads, usesReferenceKernels: true)
      reference = PlanCache(comparison.reference, threads: threads)
      self.candidate = candidate
      names = WatchedNames(comparison.reference, comparison.candidate)
      self.results = results
    }

    static func all(_ comparisons: [SideBySide], threads: Int) -> [Shared] {
      guard let first = comparisons.first else { return [] }
      let candidate = PlanCache(first.candidate, threads: threads)
      let results = CandidateResults(uses: comparisons.count)
      return comparisons.map { Shared($0, candidate, results, threads: threads) }
    }

    /// Forgets the plans of the reference.
    func clear() {
      plain.clear()
      reference.clear()
    }
  }

  /// One worker's sessions.
  private struct Sessions {
    var plain: SessionCache
    var reference: SessionCache
    var candidate: SessionCache

    init(_ shared: Shared) {
      plain = SessionCache(shared.plain)
      reference = SessionCache(shared.reference)
      candidate = SessionCache(shared.candidate)
    }
  }

  private func result(
    of number: Int, _ sessions: inout Sessions, _ shared: Shared
  ) -> Result<RunMetrics, ModelError> {
    do throws(ModelError) {
      return .success(try run(number, &sessions, shared))
    } catch {
      return .failure(error)
    }
  }

  private func run(
    _ number: Int, _ sessions: inout Sessions, _ shared: Shared
  ) throws(ModelError) -> RunMetrics {
    var metrics = RunMetrics()
    var watched = WatchedValues(shared.names)
    let results = shared.results
    let isWatched = watchedRuns.contains(number)
    let accepted = try reference.accepting(runs[number])
    let observer: ((ValueID, Tensor) -> Void)? = isWatched ? { watched.keep($0, $1) } : nil
    // What a session remembers it must have seen all runs for.
    let isPlain = number < plainRuns || plainRuns > 0 && !reference.states.isEmpty
    let expected: [String: Tensor]
    do throws(ModelError) {
      expected =
        isPlain
        ? try sessions.plain.run(accepted, observer: observer)
        : try sessions.reference.run(accepted, observer: observer)
    } catch {
      guard number == optionalRun else { throw error }
      return RunMetrics(refusedRuns: [number])
    }
    let inputs = try interface.inputs(from: runs[number], orders: orders, candidate: candidate)
    let found: [String: Tensor]
    if let known = results.take(number) {
      found = known
    } else {
      found = try sessions.candidate.run(
        inputs,
        observer: isWatched
          ? { (id, tensor) throws(ModelError) in try watched.compare(id, tensor, &metrics) } : nil)
      if !isOrdered { results.keep(found, of: number) }
    }
    for pair in interface.outputs {
      guard let a = expected[pair.reference], var b = found[pair.candidate] else { continue }
      if let order = orders[pair.candidate] { b = try b.dequantizedIfNeeded().permuted(by: order.inverted) }
      var output = OutputMetrics(name: pair.reference)
      try output.add(reference: a, candidate: b)
      if number == optionalRun {
        metrics.repeatedOutputs.append(output)
      } else {
        metrics.outputs.append(output)
      }
    }
    return metrics
  }
}

/// What was found in some runs.
struct RunMetrics {
  /// One row for each output, in the order of the reference.
  var outputs: [OutputMetrics] = []
  /// The same of the optional run, which repeats samples of others.
  var repeatedOutputs: [OutputMetrics] = []
  /// One row for each watched value, in the order in which the candidate computes them.
  var values: [OutputMetrics] = []
  /// The optional runs that the reference refused.
  var refusedRuns: [Int] = []

  /// Adds what was found in later runs.
  mutating func join(_ later: RunMetrics) {
    refusedRuns += later.refusedRuns
    Self.join(later.outputs, to: &outputs)
    Self.join(later.repeatedOutputs, to: &repeatedOutputs)
    Self.join(later.values, to: &values)
  }

  private static func join(_ later: [OutputMetrics], to rows: inout [OutputMetrics]) {
    let places = Dictionary(rows.indices.map { (rows[$0].name, $0) }) { first, _ in first }
    for row in later {
      if let place = places[row.name] { rows[place].join(row) } else { rows.append(row) }
    }
  }
}

extension Tensor {
  /// The real numbers where the elements stand for some, else the elements as they are.
  func dequantizedIfNeeded() throws(ModelError) -> Tensor {
    quantization == nil ? self : try dequantized()
  }
}

extension [Int] {
  /// The permutation that undoes this one.
  var inverted: [Int] {
    var result = self
    for (index, axis) in enumerated() { result[axis] = index }
    return result
  }
}
