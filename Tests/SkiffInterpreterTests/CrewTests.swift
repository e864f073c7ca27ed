import CKernels
import SkiffBinary
import SkiffIR
import SkiffInterpreter
import Synchronization
import Testing

@Suite struct CrewTests {
  /// Counts how often each part is computed.
  private final class Counter: DirectKernel {
    let counts = Mutex([Int: Int]())

    func run(
      _ inputs: [UnsafeRawBufferPointer?], _ outputs: [UnsafeMutableRawBufferPointer],
      scratch: UnsafeMutableRawBufferPointer, part: skiff_part
    ) {
      counts.withLock { $0[part.index, default: 0] += 1 }
    }
  }

  @Test func eachPartIsComputedOnce() {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 64)
    defer { memory.deallocate() }
    for threads in 1...4 {
      let crew = Crew(threads: threads)
      defer { crew.end() }
      for job in 0..<2000 {
        let kernel = Counter()
        let parts = 1 + job % 5
        crew.run(.init(kernel: kernel, inputs: [], outputs: [], scratch: memory, parts: parts))
        let counts = kernel.counts.withLock { $0 }
        #expect(counts.count == parts && counts.values.allSatisfy { $0 == 1 }, "\(threads) threads, \(parts)")
      }
    }
  }

  /// What the caller allows holds in all workers.
  @Test func workersKeepToTheLimits() throws {
    let limits = Limits(count: 7)
    let counts = try Limits.$current.withValue(limits) {
      try Parallel.map(workers: 4) { (_) throws(ModelError) in Limits.current.count }
    }
    #expect(counts == [7, 7, 7, 7])
  }

  @Test func threadsAreLimited() throws {
    for threads in [0, 257] {
      #expect(throws: (any Error).self) { try Plan(Graph(), threads: threads) }
    }
  }
}
