import SkiffBinary
import SkiffIR
import SkiffTestSupport
import Testing

@Suite struct TextFormErrorTests {
  static let head = "graph (%x: f32[1]) -> (y: %x) {"

  @Test(arguments: [
    ("", "1:1: expected 'graph'"),
    ("graph (%x: f33[1]) -> () {}", "1:12: expected a data type"),
    ("graph (%x: f32[-1]) -> () {}", "1:16: a negative size"),
    (
      "graph (%x: f32[floor((N)/0)]) -> () {}",
      "1:16: the expression is beyond 64 bits or divided by less than 1"
    ),
    ("graph (%x: f32[9223372036854775807+1]) -> () {}", "1:16: the expression is beyond 64 bits"),
    ("graph (%x: f32[1], %x: f32[1]) -> () {}", "1:20: %x is defined twice"),
    ("graph () -> (y: %y) {}", "1:17: %y is not defined"),
    ("graph () -> () {} x", "1:19: expected the end"),
    (head, "1:32: expected a node"),
    ("\(head)\n  %é = X(%x)\n}", "2:4: expected a name, found 'é = X(%x)'"),
    ("\(head)\n  %y = Nothing(%x)\n}", "2:8: there is no operator 'Nothing'"),
    ("\(head)\n  %y = Everything(%z)\n}", "2:19: %z is not defined"),
    ("\(head)\n  %y = Everything()\n}", "2:8: node (Everything): Everything lacks its operand 'first'"),
    (
      "\(head)\n  %y = Everything(%x) {flag = 1}\n}",
      "2:24: attribute 'flag': expected true or false, found 1"
    ),
    (
      "\(head)\n  %y = Everything(%x) {size = 1}\n}",
      "2:24: attribute 'size': Everything has no such attribute"
    ),
    (
      "\(head)\n  %y = Everything(%x) {flag = true, flag = true}\n}",
      "2:37: the attribute 'flag' is given twice"
    ),
    ("\(head)\n  %y = Everything(%x) {integers = [1, 2.0]}\n}", "2:36: a list of different kinds of values"),
    (
      "\(head)\n  %y = Everything(%x) {results = 9223372036854775807}\n}",
      "2:3: 1 names and 1 types for the 9223372036854775807 results of Everything"
    ),
    (
      "\(head)\n  %y = Everything(%x) {results = -1}\n}",
      "2:3: 1 names and 1 types for the -1 results of Everything"
    ),
    (
      "\(head)\n  %y = Everything(%x) with {a = 1}\n}",
      "2:8: only a foreign operator has attributes of its own"
    ),
    (
      "\(head)\n  %y = Everything(%x) : f32[2]\n}",
      "node (Everything): result 0 is recorded as f32[2], but inference says f32[1]"
    ),
    ("\(head)\n  %c = constant f32[N] = zeros\n}", "2:17: a constant of the type f32[N]"),
    ("\(head)\n  %c = constant f32[1000000,1000000] = zeros\n}", "2:40: a constant of 4000000000000 bytes"),
    ("\(head)\n  %c = constant f32[2] = [1.0]\n}", "2:26: 1 elements for the shape [2]"),
    ("\(head)\n  %c = constant i8[1] = [128]\n}", "2:25: '128' is no element of type i8"),
    ("\(head)\n  %c = constant i8[1] = x\"0\"\n}", "2:27: an odd number of hexadecimal digits"),
    ("\(head)\n  %c = constant i8[1] = x\"0g\"\n}", "2:27: not a hexadecimal digit"),
    ("\(head)\n  %c = constant i8[1] = x\"0000\"\n}", "2:25: i8[1] needs 1 bytes, found 2"),
    ("\(head)\n  %c = constant i8[1] packed(9) = [1]\n}", "2:35: i8 cannot be packed to 9 bits"),
    ("\(head)\n  %c = constant i8[1] packed(2) = [3]\n}", "2:35: an element does not fit in 2 bits"),
    ("\(head)\n  %c = constant f32[1]q(1.0:0) = [3.0]\n}", "2:34: quantization parameters on f32"),
    ("\(head)\n  %c = constant str[1] = seeded(1)\n}", "2:26: expected an integer type, found str"),
    ("\(head)\n  %\"c = constant i8[1] = [1]\n}", "2:4: the text is not ended"),
    ("\(head)\n  %\"\\u{d800}\" = constant i8[1] = [1]\n}", "2:5: expected \\u{…} with a Unicode scalar"),
  ])
  func everyMistakeHasItsPlace(_ text: String, _ message: String) throws {
    let error = #expect(throws: ModelError.self) { try Graph(text: text, catalog: .testing) }
    #expect(error?.description == message)
  }

  @Test func deepExpressionsAreRefused() {
    let expression =
      String(repeating: "floor((", count: 100_000) + "N" + String(repeating: ")/2)", count: 100_000)
    let error = #expect(throws: ModelError.self) {
      try Graph(text: "graph (%x: f32[\(expression)]) -> () {}", catalog: .testing)
    }
    #expect(error?.message == "the expression nests too deep")
  }

  @Test(arguments: Seed.fixedAndFresh) func damagedTextIsRefusedOrValid(_ seed: Seed) throws {
    var random = SeededGenerator(seed)
    var graphs = RandomGraph(seed)
    for round in 0..<40 {
      let text = Array(try graphs.next().text(.complete).utf8)
      for _ in 0..<100 {
        var damaged = text
        for _ in 0..<Int.random(in: 1...3, using: &random) {
          let index = Int.random(in: 0..<damaged.count, using: &random)
          switch Int.random(in: 0..<4, using: &random) {
          case 0: damaged[index] = UInt8.random(in: 32...126, using: &random)
          case 1: damaged[index] = damaged.randomElement(using: &random) ?? 0
          case 2:
            damaged.removeSubrange(index..<min(damaged.count, index + Int.random(in: 1...8, using: &random)))
          default: damaged.insert(contentsOf: damaged[index...].prefix(6), at: index)
          }
        }
        do throws(ModelError) {
          let graph = try Graph(text: String(decoding: damaged, as: UTF8.self), catalog: .testing)
          _ = try graph.text(.complete)
        } catch {
          #expect(!error.message.isEmpty)
        }
      }
      for count in 0..<text.count - 2 where round < 5 {
        #expect(throws: ModelError.self) {
          try Graph(text: String(decoding: text.prefix(count), as: UTF8.self), catalog: .testing)
        }
      }
    }
  }
}
