#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A thread of its own for some work.
///
/// A queue of the system waits for threads that it cannot have; under a limit of memory, which stacks count for, that would be for
/// ever. This one is nil then, and who wanted it does the work itself.
package final class WorkerThread: @unchecked Sendable {
  private let thread: pthread_t

  /// Begins the work, if the system has a thread for it.
  package init?(_ body: @escaping @Sendable () -> Void) {
    let work = Unmanaged.passRetained(Work(body))
    #if canImport(Darwin)
      var made: pthread_t?
      let status = pthread_create(&made, nil, { run($0) }, work.toOpaque())
    #else
      var thread = pthread_t()
      let status = pthread_create(&thread, nil, { run($0) }, work.toOpaque())
      let made: pthread_t? = thread
    #endif
    guard status == 0, let made else {
      work.release()
      return nil
    }
    self.thread = made
  }

  /// Waits until the work is done; once, if the thread is not detached.
  package func join() { pthread_join(thread, nil) }

  /// Lets the work go on by itself.
  package func detach() { pthread_detach(thread) }
}

private final class Work: Sendable {
  let body: @Sendable () -> Void

  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

private func run(_ work: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  if let work { Unmanaged<Work>.fromOpaque(work).takeRetainedValue().body() }
  return nil
}
