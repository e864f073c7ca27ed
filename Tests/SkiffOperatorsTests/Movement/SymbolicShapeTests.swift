import SkiffBinary
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

@Suite struct SymbolicShapeTests {
  private let images = InferenceOperand.floats(.symbol("N"), .fixed(3), .symbol("H"), .fixed(8))

  private func shape(_ kernel: any Operator, _ operands: InferenceOperand?...) throws -> String {
    var graph = Graph()
    let values = operands.enumerated().map { index, operand -> ValueID? in
      switch operand {
      case .type(let type): graph.addInput("\(index)", type)
      case .constant(let tensor): graph.addConstant(tensor)
      case nil: nil
      }
    }
    let result = try graph.addNode(kernel, values)
    return try #require(graph[result[0]].type).shape.description
  }

  @Test func axesMoveWithTheirSymbols() throws {
    #expect(try shape(Squeeze(axes: [0]), .floats(.symbol("N"), .symbol("M"))) == "[M]")
    #expect(try shape(Unsqueeze(axes: [-1]), images) == "[N,3,H,8,1]")
    #expect(try shape(Concat(axis: 2), images, images) == "[N,3,2*H,8]")
    #expect(
      try shape(Concat(axis: 1), images, .floats(.fixed(2), .symbol("C"), .unknown, .fixed(8)))
        == "[2,C+3,H,8]")
    #expect(try shape(Pad(), images, .list(0, 0, 1, 0, 0, 0, 2, 0)) == "[N,3,H+3,8]")
    #expect(try shape(Tile(), images, .list(1, 1, 2, 1)) == "[N,3,2*H,8]")
    #expect(
      try shape(
        DepthToSpace().with(2, \.blockSize), .floats(.symbol("N"), .fixed(8), .symbol("H"), .fixed(2)))
        == "[N,2,2*H,4]")
    #expect(try shape(SpaceToDepth().with(2, \.blockSize), images) == "[N,12,floor((H)/2),4]")
    #expect(try shape(Gather(axis: 2), images, .list(1, 2)) == "[N,3,2,8]")
    #expect(try shape(NonZero(), images) == "[4,?]")
    #expect(try shape(Split().with(2, \.axis), images) == "[N,3,floor((H)/2),8]")
    #expect(
      try shape(
        OneHot(), .type(TensorType(.int64, Shape([.symbol("N")]))), .list(5), .constant(.reals([0, 1])))
        == "[N,5]")
  }

  @Test func equalCountsOfDifferentShapesBroadcastToMore() throws {
    let (row, column) = (Tensor.list([1, 2]), Tensor.list([10, 20], shape: [2, 1]))
    for kernel in [Add(), Subtract(), Multiply(), Divide(), FloorDivide()] as [any ReferenceKernel] {
      #expect(try run(kernel, row, column).shape == [2, 2])
    }
    let condition = Tensor([true, false], shape: [2, 1])
    #expect(try run(Select(), condition, row, column).integers() == [1, 2, 20, 20])
    #expect(try run(Expand(), column, .list([1, 2])).integers() == [10, 10, 20, 20])
  }

  @Test func slicesOfSymbols() throws {
    let row = InferenceOperand.floats(.symbol("N"))
    func sliced(_ start: Int, _ end: Int, _ step: Int = 1) throws -> String {
      try shape(Slice(), row, .list(start), .list(end), .list(0), .list(step))
    }
    #expect(try sliced(0, .max) == "[N]")
    #expect(try sliced(1, .max) == "[N-1]")
    #expect(try sliced(0, -1) == "[N-1]")
    #expect(try sliced(-1, .max) == "[1]")
    // There can be fewer than three.
    #expect(try sliced(-3, .max) == "[?]")
    #expect(try sliced(0, 1) == "[1]")
    #expect(try sliced(0, 5) == "[?]")
    #expect(try sliced(0, .max, 2) == "[floor((N+1)/2)]")
    #expect(try sliced(-1, .min, -1) == "[N]")
    #expect(try sliced(5, 2, -1) == "[?]")
    #expect(try shape(Slice(), row, .type(TensorType(.int64, [1])), .list(1)) == "[?]")
  }

  @Test func shapesAreComputedInTheGraph() throws {
    var graph = Graph()
    let input = graph.addInput(
      "x", TensorType(.float32, Shape([.symbol("N"), .fixed(3), .symbol("H"), .fixed(4)])))
    func constant(_ numbers: Int...) -> ValueID { graph.addConstant(.list(numbers)) }
    let shape = try graph.add(ShapeOf(), input)
    let batch = try graph.add(Gather(), shape, constant(0))
    let space = try graph.add(Slice(), shape, constant(2), constant(4))
    let doubled = try graph.add(Multiply(), space, constant(2, 2))
    let wanted = try graph.add(Concat(), batch, constant(3), doubled)
    #expect(graph[wanted].knownElements?.description == "[N, 3, 2*H, 8]")
    let filled = try graph.add(ConstantOfShape(), wanted)
    #expect(graph[filled].type?.shape.description == "[N,3,2*H,8]")
    let scalar = try graph.add(Squeeze(axes: [0]), batch)
    let range = try graph.add(
      NumberRange(), graph.addConstant(Tensor(scalar: Int64(0))), scalar,
      graph.addConstant(Tensor(scalar: Int64(1))))
    #expect(graph[range].type?.shape.description == "[N]")
    let column = try graph.add(Unsqueeze(axes: [1]), range)
    let spread = try graph.add(Expand(), column, try graph.add(Concat(), batch, constant(7)))
    #expect(graph[spread].type?.shape.description == "[N,7]")
    // A size that a file leaves to be computed: -1 is replaced where it stands.
    let open = constant(1, -1)
    let isOpen = try graph.add(Equal(), open, constant(-1))
    let replaced = try graph.add(Select(), isOpen, constant(6, 6), open)
    #expect(graph[replaced].knownElements == [.fixed(1), .fixed(6)])
  }
}
