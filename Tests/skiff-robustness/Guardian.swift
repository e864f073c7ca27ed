import Foundation
import SkiffTestSupport

/// Bounds what a case may take: two seconds of the processor, a minute in all, and a gibibyte of memory.
struct Guardian {
  private static let memory: rlim_t = 1 << 30

  init() {
    var limit = rlimit(rlim_cur: Self.memory, rlim_max: Self.memory)
    #if os(Linux)
      setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit)
    #else
      setrlimit(RLIMIT_DATA, &limit)
    #endif
  }

  /// Starts the clock of a case; its signal ends the process.
  func begin(_ number: Int) {
    say("case \(number)")
    var time = itimerval(it_interval: timeval(), it_value: timeval(tv_sec: 2, tv_usec: 0))
    #if os(Linux)
      setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &time, nil)
    #else
      setitimer(ITIMER_PROF, &time, nil)
    #endif
    alarm(60)
  }

  /// Prints a line at once, since there may be no later.
  func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
}
