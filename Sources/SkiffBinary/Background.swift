import Synchronization

/// A value that another thread computes while this one goes on.
package final class Background<Value: Sendable>: Sendable {
  private let outcome = Outcome()
  private let thread: Mutex<WorkerThread?>

  private final class Outcome: Sendable {
    let result = Mutex<Result<Value, ModelError>?>(nil)
  }

  /// Begins to compute the value; computes it at once where there is no thread.
  package init(_ body: @escaping @Sendable () throws(ModelError) -> Value) {
    // The limits belong to the task, and other threads are not of it.
    let (limits, outcome) = (Limits.current, outcome)
    let work: @Sendable () -> Void = {
      let result = Limits.$current.withValue(limits) { () -> Result<Value, ModelError> in
        do throws(ModelError) {
          return .success(try body())
        } catch {
          return .failure(error)
        }
      }
      outcome.result.withLock { $0 = result }
    }
    let thread = WorkerThread(work)
    if thread == nil { work() }
    self.thread = Mutex(thread)
  }

  deinit { thread.withLock { $0.take()?.detach() } }

  /// The value, as soon as it is there.
  ///
  /// - Throws: What computing it threw.
  package func value() throws(ModelError) -> Value {
    thread.withLock { $0.take()?.join() }
    guard let outcome = outcome.result.withLock({ $0 }) else {
      throw ModelError(.invalidArgument, "nothing was computed")
    }
    return try outcome.get()
  }
}
