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
/// longer than many kernels do. Each thread takes the part of its own place first, whose operands its processor's cache has from the
/// kernel before, and then what is left: a helper that the system does not run keeps nobody waiting.
package final class Crew: @unchecked Sendable {
  /// A kernel with its operands, results and working memory.
  package struct Job: @unchecked Sendable {
    let kernel: any DirectKernel
    let inputs: [UnsafeRawBufferPointer?]
    let outputs: [UnsafeMutableRawBufferPointer]
    let scratch: UnsafeMutableRawBufferPointer
    /// How many parts there are, at most ``Crew/mostParts``; each has an equal share of the working memory.
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

  /// The most parts that a job can have.
  package static let mostParts = UInt64.bitWidth

  /// The parts that nobody has, each a bit.
  private let free = Atomic<UInt64>(0)
  private let done = Atomic<Int>(0)
  /// How many jobs there have been.
  private let jobs = Atomic<Int>(0)
  private let isOver = Atomic<Bool>(false)
  private let bell = Doorbell()
  /// Changes only when all parts are done, and is read only by those who have a part.
  private var job: Job?

  /// Calls `threads - 1` helpers, who stay until ``end()``.
  package init(threads: Int) {
    for place in 1..<threads { WorkerThread { self.help(at: place) }?.detach() }
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
    free.store(UInt64.max >> UInt64(Self.mostParts - job.parts), ordering: .sequentiallyConsistent)
    jobs.wrappingAdd(1, ordering: .sequentiallyConsistent)
    bell.ring()
    var idle = 0
    while done.load(ordering: .acquiring) < job.parts {
      if !takePart(at: 0) { Self.wait(&idle) }
    }
  }

  private func help(at place: Int) {
    var idle = 0
    while !isOver.load(ordering: .acquiring) {
      let known = jobs.load(ordering: .relaxed)
      if takePart(at: place) {
        idle = 0
      } else if idle < 1 << 13 {
        Self.wait(&idle)
      } else {
        // What runs now is not divided, or nothing runs. Who comes too late for a job watches for the next one.
        bell.wait {
          free.load(ordering: .sequentiallyConsistent) != 0
            || jobs.load(ordering: .sequentiallyConsistent) != known
            || isOver.load(ordering: .sequentiallyConsistent)
        }
        idle = 0
      }
    }
  }

  /// Computes a part that nobody has, that of `place` if it is one; false if there was none.
  private func takePart(at place: Int) -> Bool {
    let current = free.load(ordering: .acquiring)
    guard current != 0 else { return false }
    let own = UInt64(1) << UInt64(place)
    let part = current & own != 0 ? place : current.trailingZeroBitCount
    let rest = current & ~(UInt64(1) << UInt64(part))
    guard free.compareExchange(expected: current, desired: rest, ordering: .acquiring).exchanged else {
      return false
    }
    job?.run(part: part)
    done.wrappingAdd(1, ordering: .releasing)
    return true
  }

  /// Lets a moment pass; others run after many of them.
  private static func wait(_ idle: inout Int) {
    idle += 1
    if idle < 1 << 12 { skiff_pause() } else { sched_yield() }
  }
}
