import SkiffBinary
import SkiffIR
import SkiffTestSupport
import Testing

@Suite struct SemanticDigestTests {
  static let text = """
    graph @g (%x: f32[N,2], %y: f32[N,2]) -> (a: %a, b: %b) {
      %w = constant f32[2] = [1.0, 2.0]
      %t = Everything(%x, %w) {integer = 4} : f32[N,2] @ "one" from Conv "one" #1
      %u = Everything(%y, %w) : f32[N,2]
      %a = Everything(%t, %u) {flag = false} : f32[N,2]
      %b = Everything(%u, none, %t) : f32[N,2]
    }
    """

  static func digest(_ text: String) throws -> Digest {
    try Graph(text: text, catalog: .testing).semanticDigest()
  }

  @Test(arguments: [
    ("%t", "%other"), ("@g", "@h"), ("@ \"one\" from Conv \"one\" #1", ""),
    ("[1.0, 2.0]", "x\"0000803f00000040\""),
    ("  %a =", "  %dead = Everything(%x)\n  %a ="),
    ("N,2", "batch,2"),
    ("  %t =", "  %unused = constant i8[1] = [1]\n  %t ="),
  ])
  func formMakesNoDifference(_ old: String, _ new: String) throws {
    let changed = Self.text.replacing(old, with: new)
    #expect(changed != Self.text)
    #expect(try Self.digest(changed) == Self.digest(Self.text))
  }

  @Test func orderOfIndependentNodesMakesNoDifference() throws {
    var lines = Self.text.split(separator: "\n")
    lines.swapAt(2, 3)
    #expect(try Self.digest(lines.joined(separator: "\n")) == Self.digest(Self.text))
  }

  @Test func untiedConstantsMakeNoDifference() throws {
    let twin = "  %v = constant f32[2] = [1.0, 2.0]\n  %t ="
    let changed = Self.text.replacing("(%y, %w)", with: "(%y, %v)").replacing("  %t =", with: twin)
    #expect(try Self.digest(changed) == Self.digest(Self.text))
  }

  @Test func storageMakesNoDifference() throws {
    let plain = "graph () -> (y: %y) { %y = constant i8[2,2] = [1, -2, 3, 0] }"
    let packed = "graph () -> (y: %y) { %y = constant i8[2,2] packed(3) = [1, -2, 3, 0] }"
    #expect(try Self.digest(plain) == Self.digest(packed))
    var graph = Graph()
    let constant = try Constant(Tensor([1, 3, -2, 0] as [Int8], shape: [2, 2])).transformed(
      by: .permute([1, 0]))
    graph.addOutput(graph.addConstant(constant), name: "y")
    #expect(try graph.semanticDigest() == Self.digest(plain))
  }

  @Test(arguments: [
    ("%x: f32[N,2], %y: f32[N,2]", "%y: f32[N,2], %x: f32[N,2]"), ("a: %a, b: %b", "b: %b, a: %a"),
    ("a: %a", "c: %a"), ("a: %a, b: %b", "a: %b, b: %a"), ("%x: f32[N,2]", "%x: f32[M,2]"),
    ("[1.0, 2.0]", "[1.0, 2.5]"), ("integer = 4", "integer = 5"), ("{integer = 4} ", ""),
    ("(%t, %u)", "(%u, %t)"), ("(%u, none, %t)", "(%u, %t)"), ("(%u, none, %t)", "(%u)"),
  ])
  func meaningMakesADifference(_ old: String, _ new: String) throws {
    let changed = Self.text.replacing(old, with: new)
    #expect(changed != Self.text)
    #expect(try Self.digest(changed) != Self.digest(Self.text))
  }

  @Test func quantizationAndForeignAttributesMakeADifference() throws {
    let text = """
      graph (%x: i8[2]q(0.5:3)) -> (y: %y) {
        %y = Foreign(%x) {kind = "K"} with {a = 1.0} : i8[2]
      }
      """
    for (old, new) in [("0.5:3", "0.5:4"), ("q(0.5:3)", ""), ("a = 1.0", "a = 1"), ("\"K\"", "\"L\"")] {
      #expect(try Self.digest(text.replacing(old, with: new)) != Self.digest(text), "\(new)")
    }
  }
}
