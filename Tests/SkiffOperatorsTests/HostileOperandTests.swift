import SkiffBinary
import SkiffIR
import SkiffOperators
import Testing

/// What random attributes and operands once made of inference and kernels, each by its name.
@Suite struct HostileOperandTests {
  private func refuses(_ kind: any Operator, _ operands: TensorType...) {
    var graph = Graph()
    let inputs = operands.map { graph.addInput("x", $0) }
    #expect(throws: ModelError.self) { try graph.addNode(kind, inputs) }
  }

  @Test func elementsBelowAByteAreCountedWhenReshaped() throws {
    let one = try Tensor(integers: [1], as: .uint2, shape: [1])
    #expect(throws: ModelError.self) { try one.reshaped(to: [2]) }
  }

  @Test func sizesBesideAZeroAndOfTextAreBounded() {
    for shape in [[0, 1 << 62], [1 << 31, 0, 1 << 31], [1 << 30, 0]] {
      #expect(throws: ModelError.self) { try Tensor(.float32, shape: shape, bytes: .empty) }
    }
    #expect(throws: ModelError.self) { try Tensor(.string, shape: [1 << 40], bytes: .empty) }
    #expect(throws: Never.self) { try Tensor(.float32, shape: [0, 1 << 20], bytes: .empty) }
  }

  @Test func parametersThatDoNotFitAreRefusedBeforeTheyAreUsed() throws {
    let parameters = [
      QuantizationParameters(scale: 1, zeroPoint: .min), QuantizationParameters(scale: 1, zeroPoint: 128),
      QuantizationParameters(scales: [1, 1], axis: 1), QuantizationParameters(scales: [1], axis: -1),
      QuantizationParameters(scales: [1, 1], zeroPoints: [0, 0], granularity: .blocked(axis: 0, size: 0)),
    ]
    for parameters in parameters {
      let tensor = Tensor([Int8](repeating: 1, count: 2), shape: [2], quantization: parameters)
      #expect(throws: ModelError.self) { try Dequantize().evaluate([tensor]) }
    }
  }

  @Test func numbersOfResultsAndPartsAreBounded() {
    for count in [-3, .max] {
      var foreign = ForeignOperator()
      foreign.outputCount = count
      refuses(foreign, TensorType(.float32, [1]))
    }
    var split = Split()
    split.parts = 2
    var graph = Graph()
    let input = graph.addInput("x", TensorType(.float32, [.max]))
    #expect(throws: Never.self) { try graph.addNode(split, [input]) }
  }

  @Test func leastIntegersArePaddingOfNothing() {
    var pool = MaxPool()
    pool.size = [1]
    pool.pads = [.min, 0]
    refuses(pool, TensorType(.float32, [1, 1, 4]))
  }

  @Test func moreThanOneElementHasAxes() throws {
    var graph = Graph()
    let input = graph.addInput("x", TensorType(.float32, [5, 4]))
    let shape = graph.addInput("shape", TensorType(.int64, [0]))
    #expect(throws: ModelError.self) { try graph.add(Reshape(), input, shape) }
  }

  @Test func aNegativeDepthIsNoSize() throws {
    var graph = Graph()
    let indices = graph.addInput("indices", TensorType(.int64, [2]))
    let depth = graph.addConstant(Tensor([Int64(-3)], shape: [1]))
    let values = graph.addInput("values", TensorType(.float32, [2]))
    #expect(throws: ModelError.self) { try graph.add(OneHot(), indices, depth, values) }
  }

  @Test func biasesAreAsManyAsOutputs() throws {
    let (input, weights) = (
      Tensor([Float](repeating: 1, count: 4), shape: [1, 4]),
      Tensor([Float](repeating: 1, count: 8), shape: [2, 4])
    )
    #expect(throws: ModelError.self) {
      try FullyConnected().evaluate([input, weights, Tensor([Float(1)], shape: [1])])
    }
  }

  @Test func aSizeAsATruthValueIsNotKnown() throws {
    var graph = Graph()
    var size = SizeOf()
    size.dataType = .boolean
    let result = try graph.add(size, graph.addInput("x", TensorType(.float32, [8, 8])))
    #expect(graph[result].knownElements?.first?.fixed == nil)
  }

  @Test func filtersOfNothingAreCounted() throws {
    let nothing = try Tensor(.float32, shape: [1 << 26, 0], bytes: .empty)
    #expect(throws: ModelError.self) {
      try SVDF().evaluate([nothing, nothing, nothing, nil, nothing])
    }
  }
}
