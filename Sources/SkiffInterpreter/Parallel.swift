import SkiffBinary
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Work shared among the processors.
package enum Parallel {
  /// The number of processors that are running, 256 at most.
  package static let processorCount = min(256, max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))))

  /// The results of `body` for each worker, all at the same time.
  ///
  /// - Throws: The error of the first worker that failed.
  package static func map<Result: Sendable>(
    workers: Int, _ body: @Sendable (Int) throws(ModelError) -> Result
  ) throws(ModelError) -> [Result] {
    guard workers > 1 else { return [try body(0)] }
    let outcomes = Mutex([Swift.Result<Result, ModelError>?](repeating: nil, count: workers))
    // The limits belong to the task, and other threads are not of it.
    let limits = Limits.current
    run(workers) { worker in
      let outcome = Limits.$current.withValue(limits) { () -> Swift.Result<Result, ModelError> in
        do throws(ModelError) {
          return .success(try body(worker))
        } catch {
          return .failure(error)
        }
      }
      outcomes.withLock { $0[worker] = outcome }
    }
    var results: [Result] = []
    for case let outcome? in outcomes.withLock({ $0 }) { results.append(try outcome.get()) }
    return results
  }

  /// Calls `body` for each index below `count`, each processor with every so many of them.
  package static func forEach(_ count: Int, _ body: @Sendable (Int) -> Void) {
    let workers = min(processorCount, count)
    guard workers > 1 else { return (0..<max(0, count)).forEach(body) }
    run(workers) { worker in
      for index in stride(from: worker, to: count, by: workers) { body(index) }
    }
  }

  /// Calls `body` for each worker at the same time: for the last one here, as for those that there is no thread for.
  private static func run(_ workers: Int, _ body: @Sendable (Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      let threads = (0..<workers - 1).map { worker in WorkerThread { body(worker) } }
      body(workers - 1)
      for (worker, thread) in threads.enumerated() {
        if let thread { thread.join() } else { body(worker) }
      }
    }
  }
}
