import SkiffInterpreter
import Testing

@Suite struct ArenaLayoutTests {
  @Test func neighboursInTimeNeverShareBytes() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      let requests = (0..<20).map { _ in
        let start = Int.random(in: 0..<30, using: &generator)
        return ArenaLayout.Request(
          byteCount: Int.random(in: 0...500, using: &generator),
          lifetime: start...start + Int.random(in: 0...8, using: &generator))
      }
      let layout = ArenaLayout(requests)
      for (i, a) in requests.enumerated() {
        #expect(layout.offsets[i] % 64 == 0 && layout.offsets[i] + a.byteCount <= layout.byteCount)
        for (j, b) in requests.enumerated() where j < i && a.lifetime.overlaps(b.lifetime) {
          let isApart =
            layout.offsets[i] + a.byteCount <= layout.offsets[j]
            || layout.offsets[j] + b.byteCount <= layout.offsets[i]
          #expect(isApart, "\(requests)")
        }
      }
    }
  }

  @Test func aChainNeedsTwoBuffers() {
    let chain = (0..<10).map { ArenaLayout.Request(byteCount: 128, lifetime: $0...$0 + 1) }
    #expect(ArenaLayout(chain).byteCount == 256)
  }
}
