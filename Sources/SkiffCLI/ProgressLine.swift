import Skiff
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// One line on the terminal that says how far a step has come and how long it still takes; nothing where the error
/// output is no terminal.
final class ProgressLine: Sendable {
  private struct State {
    var step = ""
    var start = ContinuousClock.now
    var lastShown = ContinuousClock.now
  }

  private let isShown = isatty(2) == 1
  private let state = Mutex(State())

  deinit { clear() }

  /// Shows what was done, ten times a second at most.
  @Sendable func show(_ progress: WorkProgress) {
    guard isShown else { return }
    state.withLock { state in
      let now = ContinuousClock.now
      if progress.step != state.step {
        (state.step, state.start) = (progress.step, now)
      } else if now - state.lastShown < .milliseconds(100) {
        return
      }
      state.lastShown = now
      let perRun = (now - state.start) / max(1, progress.completed - 1)
      let left = perRun * (progress.total - progress.completed)
      let time = progress.completed > 1 ? ", \(left.components.seconds) s left" : ""
      Terminal.write("\r\u{1b}[K\(progress.step): \(progress.completed) of \(progress.total)\(time)")
    }
  }

  /// Takes the line away.
  func clear() {
    guard isShown else { return }
    state.withLock { state in
      guard !state.step.isEmpty else { return }
      state.step = ""
      Terminal.write("\r\u{1b}[K")
    }
  }
}
