import SkiffIR
import SkiffOperators
import SkiffPasses
import Testing

@Suite struct FusionTests {
  private func graph(_ nodes: String, type: String = "f32[1,4,5]") -> String {
    """
    graph @t (%x: \(type)) -> (y: %y) {
      %half = constant f32[] = [0.5]
      %one = constant f32[] = [1.0]
      %zero = constant f32[] = [0.0]
      %three = constant f32[] = [3.0]
      %six = constant f32[] = [6.0]
      %sixth = constant f32[] = [0.16666667]
      %near = constant f32[] = [0.17]
    \(nodes)
    }
    """
  }

  private let swish = Pipeline(unconditional: RewritePass(FuseSwish()))
  private let t = "f32[1,4,5]"

  @Test(arguments: [false, true]) func swishInEitherOrder(isReversed: Bool) throws {
    let check = try PassCheck(
      swish,
      on: graph(
        """
          %s = Sigmoid(%x) : \(t)
          %y = Multiply(\(isReversed ? "%s, %x" : "%x, %s")) : \(t)
        """))
    #expect(check.nodes == ["%y = Swish(%x)"])
  }

  /// The ways in which exporters say it.
  @Test(arguments: [
    """
      %a = Add(%x, %three) : T
      %c = Clip(%a) {minimum = 0.0, maximum = 6.0} : T
      %m = Multiply(%x, %c) : T
      %y = Divide(%m, %six) : T
    """,
    """
      %a = Add(%three, %x) : T
      %c = Clip(%a, %zero, %six) : T
      %d = Divide(%c, %six) : T
      %y = Multiply(%d, %x) : T
    """,
    """
      %a = Add(%x, %three) {activation = "relu6"} : T
      %d = Multiply(%a, %sixth) : T
      %y = Multiply(%x, %d) : T
    """,
    """
      %a = Add(%x, %three) : T
      %l = Maximum(%zero, %a) : T
      %c = Minimum(%l, %six) : T
      %m = Multiply(%c, %sixth) : T
      %y = Multiply(%x, %m) : T
    """,
    """
      %a = Add(%x, %three) : T
      %l = Relu(%a) : T
      %c = Minimum(%l, %six) : T
      %m = Multiply(%x, %c) : T
      %y = Multiply(%m, %sixth) : T
    """,
    """
      %h = HardSigmoid(%x) {alpha = 0.1666666716337204, beta = 0.5} : T
      %y = Multiply(%x, %h) : T
    """,
    """
      %m = Multiply(%x, %sixth) : T
      %a = Add(%m, %half) : T
      %c = Clip(%a) {minimum = 0.0, maximum = 1.0} : T
      %y = Multiply(%x, %c) : T
    """,
  ])
  func hardSwish(nodes: String) throws {
    let check = try PassCheck(swish, on: graph(nodes.replacing(": T", with: ": \(t)")))
    #expect(check.nodes == ["%y = HardSwish(%x)"])
  }

  @Test(arguments: [
    // Another slope, another offset, another gate, a gate of something else, a clamp in between.
    """
      %h = HardSigmoid(%x) {alpha = 0.2, beta = 0.5} : T
      %y = Multiply(%x, %h) : T
    """,
    """
      %a = Add(%x, %three) : T
      %c = Clip(%a) {minimum = 0.0, maximum = 6.0} : T
      %m = Multiply(%x, %c) : T
      %y = Multiply(%m, %near) : T
    """,
    """
      %a = Add(%x, %six) : T
      %c = Clip(%a) {minimum = 0.0, maximum = 6.0} : T
      %m = Multiply(%x, %c) : T
      %y = Divide(%m, %six) : T
    """,
    """
      %n = Multiply(%x, %half) : T
      %s = Sigmoid(%n) : T
      %y = Multiply(%x, %s) : T
    """,
    """
      %s = Sigmoid(%x) : T
      %m = Multiply(%x, %s) {activation = "relu"} : T
      %y = Multiply(%m, %half) : T
    """,
    """
      %s = Tanh(%x) : T
      %y = Multiply(%x, %s) : T
    """,
  ])
  func otherGatesStay(nodes: String) throws {
    let check = try PassCheck(swish, on: graph(nodes.replacing(": T", with: ": \(t)")))
    #expect(!check.nodes.contains { $0.contains("Swish") })
  }

  @Test func aClampedProductIsNoFactor() throws {
    let check = try PassCheck(
      Pipeline(unconditional: RewritePass(FuseGelu())),
      on: graph(
        """
          %inverse = constant f32[] = [0.70710678]
          %n = Multiply(%x, %inverse) : \(t)
          %e = Erf(%n) : \(t)
          %s = Add(%e, %one) : \(t)
          %m = Multiply(%x, %s) {activation = "relu"} : \(t)
          %y = Multiply(%m, %half) : \(t)
        """))
    #expect(!check.nodes.contains { $0.contains("Gelu") })
  }

  // MARK: Padding

  private let pad = Pipeline(unconditional: RewritePass(FusePad()))

  private func padded(
    _ before: String = "", amounts: String = "[0, 0, 1, 2, 0, 0, 0, 1]", value: String = "",
    attributes: String = "", result: String = "f32[1,3,6,8]", _ node: String, shape: String
  ) -> String {
    """
    graph @t (%x: f32[1,2,5,5]) -> (y: %y) {
      %w = constant f32[3,2,1,1] = [1.0, 0.5, -1.0, 2.0, 0.25, 3.0]
      %pads = constant i64[8] = \(amounts)
      %low = constant f32[] = [-inf]
      %one = constant f32[] = [1.0]
      \(before.isEmpty ? "%r = Identity(%x) : f32[1,2,5,5]" : before)
      %p = Pad(%r, %pads\(value))\(attributes) : f32[1,2,\(result)]
      %y = \(node) : \(shape)
    }
    """
  }

  @Test func zerosGoIntoAConvolution() throws {
    let check = try PassCheck(
      pad, on: padded(result: "6,8", "Convolution(%p, %w) {pads = [1, 0, 0, 0]}", shape: "f32[1,3,7,8]"))
    #expect(
      check.nodes.last.map { $0.hasSuffix("{pads = [2, 2, 0, 1]}") } == true && check.nodes.count == 2,
      "\(check.nodes)")
  }

  @Test func aWindowThatChoosesItsPaddingGetsThatOfThePaddedSizes() throws {
    let check = try PassCheck(
      pad,
      on: padded(
        result: "6,8", "Convolution(%p, %w) {strides = [2, 2], padding = \"sameUpper\"}",
        shape: "f32[1,3,3,4]"))
    #expect(check.nodes.count == 2 && check.nodes[1].contains("pads = [1, 2, 0, 1]"), "\(check.nodes)")
  }

  @Test(arguments: [("", ", %low"), ("%r = Relu(%x) : f32[1,2,5,5]", "")])
  func whatNeverWinsGoesIntoAPoolingOfGreatestElements(before: String, value: String) throws {
    let check = try PassCheck(
      pad,
      on: padded(before, value: value, result: "6,8", "MaxPool(%p) {size = [3, 3]}", shape: "f32[1,2,4,6]"))
    #expect(check.nodes.count == 2 && check.nodes[1].contains("pads = [1, 2, 0, 1]"), "\(check.nodes)")
  }

  @Test func otherPaddingStays() throws {
    let convolution = ("Convolution(%p, %w)", "f32[1,3,6,8]")
    let texts = [
      // Another number, another content, a negative amount, an axis that is not space.
      padded(value: ", %one", result: "6,8", convolution.0, shape: convolution.1),
      padded(attributes: " {content = \"edge\"}", result: "6,8", convolution.0, shape: convolution.1),
      padded(amounts: "[0, 0, 2, 2, 0, 0, -1, 1]", result: "6,8", convolution.0, shape: convolution.1),
      // Zeros can win over what is negative, and windows can lie in padding only.
      padded(result: "6,8", "MaxPool(%p) {size = [3, 3]}", shape: "f32[1,2,4,6]"),
      padded(value: ", %low", result: "6,8", "MaxPool(%p) {size = [1, 2]}", shape: "f32[1,2,6,7]"),
      // Padding of its own would cost an average its integers.
      padded(result: "6,8", "AveragePool(%p) {size = [3, 3]}", shape: "f32[1,2,4,6]"),
    ]
    for text in texts {
      guard !text.contains("size = [1, 2]") else {
        // The least number wins in a window of padding alone, where nothing is left to compare.
        var (graph, report) = (try Graph(text: text, catalog: .standard), PassReport())
        try pad.run(on: &graph, report: &report)
        #expect(report.changes.isEmpty)
        continue
      }
      #expect(try PassCheck(pad, on: text).nodes.contains { $0.contains("Pad(") }, "\(text)")
    }
  }

  private let dilation = Pipeline(unconditional: RewritePass(FuseDilation()))

  /// A convolution of 3 × 1 or 1 × 3 between blocks in the batch.
  private func gathered(
    pads: String = "[2, 0, 3, 0]", crops: String = "[0, 0, 1, 0]", blocks: String = "[2, 1]",
    attributes: String = "", result: String = "f32[N,7,5,1]"
  ) -> String {
    """
    graph @t (%x: f32[N,7,5,2]) -> (y: %y) {
      %w = constant f32[1,3,1,2] = [1.0, 0.5, -1.0, 2.0, 0.25, 3.0]
      %s = SpaceToBatch(%x) {blockSizes = [2, 1], pads = \(pads)}
      %c = Convolution(%s, %w) {layout = "last"\(attributes)}
      %y = BatchToSpace(%c) {blockSizes = \(blocks), crops = \(crops)} : \(result)
    }
    """
  }

  @Test func blocksInTheBatchAreGapsInTheWindow() throws {
    let square = try PassCheck(dilation, on: gathered())
    #expect(square.nodes.count == 1)
    #expect(square.nodes[0].contains("dilations = [2, 1]") && square.nodes[0].contains("pads = [2, 0, 2, 0]"))
    let flat = try PassCheck(
      dilation,
      on: """
        graph @t (%x: f32[N,9,2]) -> (y: %y) {
          %w = constant f32[1,1,3,2] = [1.0, 0.5, -1.0, 2.0, 0.25, 3.0]
          %s = SpaceToBatch(%x) {blockSizes = [3], pads = [1, 2]}
          %u = Unsqueeze(%s) {axes = [-3]}
          %c = Convolution(%u, %w) {layout = "last"}
          %q = Squeeze(%c) {axes = [-3]}
          %y = BatchToSpace(%q) {blockSizes = [3], crops = [1, 1]} : f32[N,4,1]
        }
        """)
    #expect(flat.nodes.count == 3)
    #expect(flat.nodes[1].contains("dilations = [1, 3]") && flat.nodes[1].contains("pads = [0, 0, 0, 1]"))
  }

  @Test func otherBlocksStay() throws {
    let texts = [
      gathered(crops: "[3, 0, 1, 0]", result: "f32[N,4,5,1]"),
      gathered(blocks: "[1, 2]", result: "f32[N,3,10,1]"),
      gathered(attributes: ", strides = [1, 2]", result: "f32[N,7,3,1]"),
      gathered(attributes: ", pads = [1, 0, 1, 0]", result: "f32[N,11,5,1]"),
      gathered(attributes: ", dilations = [2, 1]", result: "f32[N,3,5,1]"),
    ]
    for text in texts {
      #expect(try PassCheck(dilation, on: text).nodes.contains { $0.contains("SpaceToBatch(") }, "\(text)")
    }
  }

  /// Weights that products alone use are turned; others would be there twice.
  @Test func weightsAreTurnedForProductsAlone() throws {
    let products = """
      graph @t (%x: f32[2,2]) -> (y: %y) {
        %w = constant f32[2,2] = [1.0, 2.0, 3.0, 4.0]
        %a = MatrixMultiply(%x, %w) : f32[2,2]
      """
    let fusion = Pipeline(unconditional: RewritePass(FuseFullyConnected()))
    let alone = try PassCheck(fusion, on: products + "\n  %y = MatrixMultiply(%a, %w) : f32[2,2]\n}")
    #expect(alone.nodes.allSatisfy { $0.contains("FullyConnected") } && alone.nodes.count == 2)
    let beside = try PassCheck(fusion, on: products + "\n  %y = Add(%a, %w) : f32[2,2]\n}")
    #expect(beside.nodes.filter { $0.contains("MatrixMultiply") }.count == 1)
  }
}
