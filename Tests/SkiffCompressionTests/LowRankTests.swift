import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// Products that become smaller ones.
@Suite struct LowRankTests {
  /// A product with weights, and its operands.
  struct Product: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let input: [Int]
    /// The sizes of the weights; where outputs and inputs are in them.
    let shape: [Int]
    let make: @Sendable () -> any Operator

    /// The graph, with a bias where the product has one.
    func graph(_ weights: [Float], bias: [Float]) throws -> Graph {
      var graph = Graph()
      let x = graph.addInput("x", TensorType(.float32, Shape(input)))
      let w = graph.addConstant(Tensor(weights, shape: shape), name: "w")
      let product = make()
      let b = product is MatrixMultiply ? nil : graph.addConstant(Tensor(bias, shape: [bias.count]))
      let y = try graph.addNode(product, product is MatrixMultiply ? [x, w] : [x, w, b], name: "product")[0]
      graph.addOutput(y, name: "y0")
      return graph
    }
  }

  private static func convolution(_ strides: [Int], _ padding: Padding) -> Convolution {
    var convolution = Convolution()
    (convolution.layout, convolution.strides, convolution.padding) = (.last, strides, padding)
    convolution.activation = .relu
    return convolution
  }

  static let products = [
    Product(testDescription: "wide FullyConnected", input: [3, 30], shape: [12, 30]) {
      var product = FullyConnected()
      product.activation = .relu
      return product
    },
    Product(testDescription: "tall FullyConnected", input: [3, 12], shape: [30, 12]) { FullyConnected() },
    Product(testDescription: "MatrixMultiply", input: [2, 3, 12], shape: [12, 30]) { MatrixMultiply() },
    Product(testDescription: "MatrixMultiply, transposed", input: [2, 3, 12], shape: [30, 12]) {
      var product = MatrixMultiply()
      product.transposesB = true
      return product
    },
    Product(testDescription: "pointwise Convolution", input: [2, 7, 6, 20], shape: [16, 1, 1, 20]) {
      convolution([2, 1], .explicit)
    },
    Product(testDescription: "Convolution", input: [2, 7, 6, 8], shape: [12, 3, 2, 8]) {
      convolution([2, 1], .sameUpper)
    },
    Product(testDescription: "Convolution of many outputs", input: [2, 9, 4], shape: [24, 3, 4]) {
      convolution([1], .sameLower)
    },
  ]

  /// Weights of rank 3, of channels too, as a sum of products of one vector for each axis.
  private static func ofRank3(_ random: inout SeededGenerator, _ shape: [Int]) -> [Float] {
    var weights = [Float](repeating: 0, count: shape.reduce(1, *))
    for _ in 0..<3 {
      let vectors = shape.map { random.floats($0) }
      let strides = Tensor.strides(of: shape)
      for index in weights.indices {
        weights[index] += shape.indices.reduce(Float(1)) { $0 * vectors[$1][index / strides[$1] % shape[$1]] }
      }
    }
    return weights
  }

  private static func samples(_ random: inout SeededGenerator, _ shape: [Int]) -> [Tensor] {
    (0..<3).map { _ in Tensor(random.floats(shape.reduce(1, *), in: -1...1), shape: shape) }
  }

  private static func approximation(_ amount: LowRankApproximation.Amount, _ usesInputs: Bool)
    -> LowRankApproximation
  {
    var approximation = LowRankApproximation(amount)
    (approximation.leastCount, approximation.usesInputs) = (1, usesInputs)
    return approximation
  }

  private static func multiplied(_ graph: Graph) -> Int {
    graph.constantIDs.reduce(0) { sum, id in
      let shape = graph[id].constant?.shape ?? []
      return shape.count > 1 ? sum + shape.reduce(1, *) : sum
    }
  }

  /// What has a low rank is found to have it, and computes the same.
  @Test(arguments: products, Seed.fixedAndFresh) func lowRanksAreFound(product: Product, seed: Seed) throws {
    var random = SeededGenerator(seed)
    let outputs = product.make() is MatrixMultiply && product.shape == [12, 30] ? 30 : product.shape[0]
    let graph = try product.graph(Self.ofRank3(&random, product.shape), bias: random.floats(outputs))
    let samples = Self.samples(&random, product.input)
    for usesInputs in [false, true] {
      let (small, changes) = try Self.approximation(.error(1e-9), usesInputs).apply(
        to: graph, samples: samples.map { ["x": $0] })
      try small.verify()
      let change = try #require(changes.first)
      #expect(
        changes.count == 1 && change.ranks.allSatisfy { $0 <= 3 || $0 == product.shape.last }, "\(change)")
      #expect(Self.multiplied(small) == change.weightsAfter && change.weightsAfter < change.weightsBefore)
      let (before, after) = (
        try WeightSubject.results(of: graph, samples).flatMap(\.self),
        try WeightSubject.results(of: small, samples).flatMap(\.self)
      )
      let bound = 1e-4 * (before.map(abs).max() ?? 0)
      #expect(zip(before, after).allSatisfy { abs($0 - $1) <= bound }, "\(seed)")
    }
  }

  /// No more is lost than is said, and no more weights are left; what suits the inputs changes the outputs less.
  @Test(arguments: products, Seed.fixedAndFresh) func amountsAreKept(product: Product, seed: Seed) throws {
    var random = SeededGenerator(seed)
    let outputs = product.make() is MatrixMultiply && product.shape == [12, 30] ? 30 : product.shape[0]
    let weights = random.weights(product.shape.reduce(1, *))
    let graph = try product.graph(weights, bias: [Float](repeating: 100, count: outputs))
    let channels = try #require(product.input.last)
    let places = product.input.dropLast().reduce(1, *)
    let samples = (0..<30).map { _ in
      Tensor(random.correlated(places, columns: channels), shape: product.input)
    }
    for share in [0.3, 0.5, 0.8] {
      let (_, changes) = try Self.approximation(.error(share), false).apply(to: graph)
      #expect(changes.allSatisfy { $0.error <= share })
      var errors: [Double] = []
      for usesInputs in [false, true] {
        let (small, changes) = try Self.approximation(.weights(share), usesInputs).apply(
          to: graph, samples: samples.map { ["x": $0] })
        #expect(Self.multiplied(small) <= max(Int(share * Double(weights.count)), changes.isEmpty ? .max : 0))
        let pairs = zip(
          try WeightSubject.results(of: graph, samples), try WeightSubject.results(of: small, samples))
        errors.append(pairs.reduce(0) { $0 + squaredError($1.0, $1.1) })
      }
      // Of both channels of a convolution together the best are not found.
      if product.shape.count == 2 { #expect(errors[1] <= 1.02 * errors[0], "\(share), \(seed)") }
    }
    // What saves nothing is left alone.
    let (same, none) = try Self.approximation(.error(0), false).apply(to: graph)
    #expect(none.isEmpty)
    #expect(try difference(graph, same) == nil)
  }

  @Test(arguments: Seed.fixedAndFresh) func tablesGetShorterRows(seed: Seed) throws {
    var random = SeededGenerator(seed)
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.int32, [2, 5]))
    let table = graph.addConstant(Tensor(Self.ofRank3(&random, [40, 16]), shape: [40, 16]), name: "table")
    graph.addOutput(try graph.addNode(Gather(), [table, x])[0], name: "y0")
    let (small, changes) = try Self.approximation(.error(1e-9), false).apply(to: graph)
    #expect(changes.first?.ranks == [3] && Self.multiplied(small) == 3 * 56)
    let places = Tensor((0..<10).map { Int32(($0 * 7) % 40) }, shape: [2, 5])
    let (before, after) = (
      try WeightSubject.results(of: graph, [places])[0], try WeightSubject.results(of: small, [places])[0]
    )
    #expect(zip(before, after).allSatisfy { abs($0 - $1) <= 1e-5 })
  }

  @Test func whatMakesNoSenseIsRefused() throws {
    var random = SeededGenerator(Seed(1))
    let graph = try Self.products[0].graph(random.weights(360), bias: random.floats(12))
    for amount in [LowRankApproximation.Amount.error(-0.1), .weights(1.1), .error(.nan)] {
      #expect(throws: ModelError.self) { try LowRankApproximation(amount).apply(to: graph) }
    }
    #expect(throws: ModelError.self) { try Self.approximation(.error(0.1), true).apply(to: graph) }
    var other = Self.approximation(.weights(0.5), false)
    other.excludedNodes = ["nobody"]
    #expect(throws: ModelError.self) { try other.apply(to: graph) }
    other.excludedNodes = ["product"]
    #expect(try other.apply(to: graph).changes.isEmpty)
  }
}
