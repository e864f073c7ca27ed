import SkiffBinary
import SkiffEdge
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// The format under real operators.
@Suite struct EdgeOperatorTests {
  static let text = """
    graph @digits (%x: f32[N,1,8,8]) -> (y: %y) {
      %w = constant f32[4,1,3,3] = seeded(1)
      %b = constant f32[4] = seeded(2)
      %s = constant i64[2] packed(4) = [0, -1]
      %f = constant f32[10,64] = seeded(3)
      %c = Convolution(%x, %w, %b) {strides = [1, 1], pads = [1, 1, 1, 1]} : f32[N,4,8,8] @ "conv" from Conv #0
      %r = Relu(%c) : f32[N,4,8,8]
      %p = MaxPool(%r) {size = [2, 2], strides = [2, 2]} : f32[N,4,4,4]
      %t = Reshape(%p, %s) : f32[N,64]
      %y = FullyConnected(%t, %f) : f32[N,10]
    }
    """

  @Test func aModelReadsBack() throws {
    let graph = try Graph(text: Self.text, catalog: .standard)
    let file = try EdgeBytes.written(EdgeModel(graph))
    let read = try file.read(catalog: .standard).graph
    #expect(try difference(graph, read) == nil)
    #expect(try EdgeBytes.written(EdgeModel(read)).bytes == file.bytes)
  }

  /// Ten thousand damaged graphs whose digest was made right again.
  @Test(arguments: Seed.fixedAndFresh) func damagedModelsAreRefusedOrValid(_ seed: Seed) throws {
    var random = SeededGenerator(seed)
    let file = try EdgeBytes.written(EdgeModel(Graph(text: Self.text, catalog: .standard)))
    let limits = Limits(structureSize: 1 << 22)
    for _ in 0..<10_000 {
      var damaged = file
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: file.graph, using: &random)
        damaged.bytes[place] =
          Bool.random(using: &random)
          ? damaged.bytes[place] ^ 1 << UInt8.random(in: 0...7, using: &random)
          : [0, 1, 4, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
      }
      damaged.signGraph()
      do throws(ModelError) {
        _ = try damaged.read(catalog: .standard, limits: limits)
      } catch {
        #expect(!error.message.isEmpty)
      }
    }
  }
}
