import CKernels
import Foundation
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

  /// Two parts that wait for each other, each on its thread.
  private final class Meeting: DirectKernel {
    let arrived = Atomic<Int>(0)

    func run(
      _ inputs: [UnsafeRawBufferPointer?], _ outputs: [UnsafeMutableRawBufferPointer],
      scratch: UnsafeMutableRawBufferPointer, part: skiff_part
    ) {
      arrived.wrappingAdd(1, ordering: .relaxed)
      let deadline = ContinuousClock.now + .seconds(20)
      while arrived.load(ordering: .relaxed) < 2, ContinuousClock.now < deadline { sched_yield() }
    }
  }

  /// Helpers that fell asleep between two jobs are woken by the next one, and go when the crew ends.
  @Test func helpersSleepAndWake() async throws {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 64)
    defer { memory.deallocate() }
    let clock = ContinuousClock()
    var crew: Crew? = Crew(threads: 2)
    weak let left = crew
    for _ in 0..<5 {
      let start = clock.now
      crew?.run(.init(kernel: Meeting(), inputs: [], outputs: [], scratch: memory, parts: 2))
      #expect(clock.now - start < .seconds(20))
      try await Task.sleep(for: .milliseconds(30))
    }
    crew?.end()
    crew = nil
    let deadline = clock.now + .seconds(20)
    while left != nil, clock.now < deadline { try await Task.sleep(for: .milliseconds(1)) }
    #expect(left == nil)
  }

  @Test func packedWeightsOfTheSameBytesAreOne() {
    let packed = PackedWeights()
    func address(_ bytes: [UInt8]) -> UnsafeRawPointer? {
      packed.shared(ByteRegion(bytes)).withBytes(\.baseAddress)
    }
    let first = address([1, 2, 3])
    #expect(address([1, 2, 3]) == first)
    #expect(address([1, 2, 4]) != first && address([1, 2]) != first)
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
