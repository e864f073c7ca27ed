import CKernels
import SkiffBinary
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Threads that compute parts of one kernel after the other.
///
/// Between kernels, and between runs that follow each other closely, they watch for the next one, since to sleep and wake takes
/// longer than many kernels do. Parts go to whoever is free: a helper that the system does not run keeps nobody waiting.
package final class Crew: @unchecked Sendable {
  /// A kernel with its operands, results and working memory.
  package struct Job: @unchecked Sendable {
    let kernel: any DirectKernel
    let inputs: [UnsafeRawBufferPointer?]
    let outputs: [UnsafeMutableRawBufferPointer]
    let scratch: UnsafeMutableRawBufferPointer
    /// How many parts there are, at most 65535; each has an equal share of the working memory.
    let parts: Int

    package init(
      kernel: any DirectKernel, inputs: [UnsafeRawBufferPointer?], outputs: [UnsafeMutableRawBufferPointer],
      scratch: UnsafeMutableRawBufferPointer, parts: Int
    ) {
      self.kernel = kernel
      self.inputs = inputs
      self.outputs = outputs
      self.scratch = scratch
      self.parts = parts
    }

    func run(part: Int) {
      let size = scratch.count / parts
      let own = UnsafeMutableRawBufferPointer(rebasing: scratch[part * size..<(part + 1) * size])
      kernel.run(inputs, outputs, scratch: own, part: skiff_part(index: part, count: parts))
    }
  }

  /// The job's number (32 bits), its parts (16) and the next part that nobody has (16).
  private let ticket = Atomic<UInt64>(0)
  private let done = Atomic<Int>(0)
  private let isOver = Atomic<Bool>(false)
  private let bell = Doorbell()
  /// Changes only when all parts are done, and is read only by those who have a part.
  private var job: Job?

  /// Calls `threads - 1` helpers, who stay until ``end()``.
  package init(threads: Int) {
    for _ in 1..<threads { WorkerThread { self.help() }?.detach() }
  }

  /// Sends the helpers away.
  package func end() {
    isOver.store(true, ordering: .sequentiallyConsistent)
    bell.ring()
  }

  /// Computes all parts of a job.
  package func run(_ job: Job) {
    guard job.parts > 1 else { return job.run(part: 0) }
    self.job = job
    done.store(0, ordering: .relaxed)
    let number = (ticket.load(ordering: .relaxed) >> 32) &+ 1
    ticket.store(number << 32 | UInt64(job.parts) << 16, ordering: .sequentiallyConsistent)
    bell.ring()
    var idle = 0
    while done.load(ordering: .acquiring) < job.parts {
      if !takePart() { Self.wait(&idle) }
    }
  }

  private func help() {
    var idle = 0
    while !isOver.load(ordering: .acquiring) {
      let current = ticket.load(ordering: .relaxed)
      if takePart() {
        idle = 0
      } else if idle < 1 << 13 {
        Self.wait(&idle)
      } else {
        // What runs now is not divided, or nothing runs.
        bell.wait {
          ticket.load(ordering: .sequentiallyConsistent) != current
            || isOver.load(ordering: .sequentiallyConsistent)
        }
        idle = 0
      }
    }
  }

  /// Computes a part that nobody has; false if there was none.
  private func takePart() -> Bool {
    let current = ticket.load(ordering: .acquiring)
    let (next, count) = (current & 0xFFFF, current >> 16 & 0xFFFF)
    guard next < count,
      ticket.compareExchange(expected: current, desired: current + 1, ordering: .acquiring).exchanged
    else { return false }
    job?.run(part: Int(next))
    done.wrappingAdd(1, ordering: .releasing)
    return true
  }

  /// Lets a moment pass; others run after many of them.
  private static func wait(_ idle: inout Int) {
    idle += 1
    if idle < 1 << 12 { skiff_pause() } else { sched_yield() }
  }
}
