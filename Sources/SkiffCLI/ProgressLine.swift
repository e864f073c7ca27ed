import Skiff

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// One line on the terminal that says how far a step has come and how long it still takes; nothing where the error
/// output is no terminal.
final class ProgressLine {
  private let isShown = isatty(2) == 1
  private let clock = ContinuousClock()
  private var step = ""
  private var start: ContinuousClock.Instant
  private var lastShown: ContinuousClock.Instant

  init() {
    start = clock.now
    lastShown = start
  }

  deinit { clear() }

  /// Shows what was done, ten times a second at most.
  func show(_ progress: WorkProgress) {
    guard isShown else { return }
    let now = clock.now
    if progress.step != step {
      (step, start) = (progress.step, now)
    } else if now - lastShown < .milliseconds(100) {
      return
    }
    lastShown = now
    let perRun = (now - start) / max(1, progress.completed - 1)
    let left = perRun * (progress.total - progress.completed)
    let time = progress.completed > 1 ? ", \(left.components.seconds) s left" : ""
    Terminal.write("\r\u{1b}[K\(step): \(progress.completed) of \(progress.total)\(time)")
  }

  /// Takes the line away.
  func clear() {
    guard isShown, !step.isEmpty else { return }
    step = ""
    Terminal.write("\r\u{1b}[K")
  }
}
