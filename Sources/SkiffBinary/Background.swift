import Dispatch
import Synchronization

/// A value that another thread computes while this one goes on.
package final class Background<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, ModelError>?>(nil)
  private let group = DispatchGroup()

  /// Begins to compute the value.
  package init(_ body: @escaping @Sendable () throws(ModelError) -> Value) {
    // The limits belong to the task, and other threads are not of it.
    let limits = Limits.current
    // A queue of its own has a thread of its own, also while all those that share work wait.
    DispatchQueue(label: "skiff.background").async(group: group) {
      let outcome = Limits.$current.withValue(limits) { () -> Result<Value, ModelError> in
        do throws(ModelError) {
          return .success(try body())
        } catch {
          return .failure(error)
        }
      }
      self.result.withLock { $0 = outcome }
    }
  }

  /// The value, as soon as it is there.
  ///
  /// - Throws: What computing it threw.
  package func value() throws(ModelError) -> Value {
    group.wait()
    guard let outcome = result.withLock({ $0 }) else {
      throw ModelError(.invalidArgument, "nothing was computed")
    }
    return try outcome.get()
  }
}
