import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffTestSupport
import Testing

/// A graph of products with weights, and what compression makes of it.
struct WeightSubject {
  private(set) var graph = Graph()
  /// The input.
  let x: ValueID
  /// The weights of each product, in order.
  private(set) var weights: [ValueID] = []

  /// - Parameter input: The sizes of `x`.
  init(input: [Int]) { x = graph.addInput("x", TensorType(.float32, Shape(input))) }

  /// `x · wᵀ + b` for a matrix of rows, with an output of its own.
  static func dense(_ matrix: Tensor, bias: [Float]? = nil, samples: Int = 1) throws -> WeightSubject {
    var subject = WeightSubject(input: [samples, matrix.shape[1]])
    try subject.add(FullyConnected(), matrix, bias: bias)
    return subject
  }

  /// A product with the input and what it is added to, with an output of its own.
  mutating func add(_ product: any Operator, _ tensor: Tensor, bias: [Float]? = nil) throws {
    let w = graph.addConstant(tensor, name: "w\(weights.count)")
    let b = bias.map { graph.addConstant(Tensor($0, shape: [$0.count])) }
    let operands = product is MatrixMultiply ? [x, w] : [x, w, b]
    let y = try graph.addNode(product, operands, name: "product\(weights.count)")[0]
    graph.addOutput(y, name: "y\(weights.count)")
    weights.append(w)
  }

  /// The compressed graph; tensors of any size are compressed.
  func compressed(
    _ settings: WeightCompression.Settings, samples: [Tensor] = []
  ) throws -> (graph: Graph, changes: [WeightCompression.Change]) {
    var compression = WeightCompression(settings)
    compression.leastCount = 1
    return try compression.apply(to: graph, samples: samples.map { ["x": $0] })
  }

  /// The weights of the first product after compression.
  func changed(_ settings: WeightCompression.Settings, samples: [Tensor] = []) throws -> [Float] {
    try Self.elements(weights[0], in: compressed(settings, samples: samples).graph)
  }

  /// The elements of a constant.
  static func elements(_ value: ValueID, in graph: Graph) throws -> [Float] {
    try #require(graph[value].constant).materialize().floats()
  }

  /// The integers and the parameters that a constant is stored as.
  static func integers(_ value: ValueID, in graph: Graph) throws -> (codes: [Int], QuantizationParameters) {
    let constant = try #require(graph[value].constant)
    let narrow: Tensor
    if case .blocked(let blocks) = constant.encoding {
      narrow = try blocks.integers(constant.bytes, shape: constant.shape)
    } else {
      narrow = try #require(constant.widened?.narrow).materialize()
    }
    return (try narrow.integers(), try #require(narrow.quantization))
  }

  /// The first output for each input.
  static func results(of graph: Graph, _ samples: [Tensor]) throws -> [[Float]] {
    let session = Session(try Plan(graph))
    return try samples.map { try session.run(["x": $0])["y0"]?.floats() ?? [] }
  }

  /// The sum of the squares of what compression changes the first output by.
  func outputError(_ settings: WeightCompression.Settings, samples: [Tensor]) throws -> Double {
    let (changed, _) = try compressed(settings, samples: samples)
    let pairs = zip(try Self.results(of: graph, samples), try Self.results(of: changed, samples))
    return pairs.reduce(0) { $0 + squaredError($1.0, $1.1) }
  }
}

/// Σ (a − b)², each with a weight.
func squaredError(_ a: [Float], _ b: [Float], importance: [Float]? = nil) -> Double {
  a.indices.reduce(0) { sum, index in
    let error = Double(a[index]) - Double(b[index])
    return sum + error * error * Double(importance?[index % (importance?.count ?? 1)] ?? 1)
  }
}

extension WeightCompression.Settings {
  init(_ change: (inout Self) -> Void) {
    self.init()
    change(&self)
  }

  static func pruning(_ sparsity: Double, _ change: (inout WeightPruning) -> Void = { _ in }) -> Self {
    Self {
      var pruning = WeightPruning()
      pruning.sparsity = sparsity
      change(&pruning)
      $0.pruning = pruning
    }
  }

  static func integers(_ bits: Int, _ change: (inout WeightQuantization) -> Void = { _ in }) -> Self {
    Self {
      var quantization = WeightQuantization()
      quantization.bits = bits
      change(&quantization)
      $0.coding = .integers(quantization)
    }
  }

  static func palette(_ bits: Int, rows: Int = 0) -> Self {
    Self {
      var palettization = Palettization()
      (palettization.bits, palettization.rowsPerTable) = (bits, rows)
      $0.coding = .palette(palettization)
    }
  }

  /// These settings with more.
  func with(_ change: (inout Self) -> Void) -> Self {
    var copy = self
    change(&copy)
    return copy
  }
}

extension SeededGenerator {
  /// Numbers whose squares differ much, as weights do: most are small.
  mutating func weights(_ count: Int) -> [Float] {
    (0..<count).map { _ in
      (0..<3).reduce(Float(0.3)) { product, _ in product * Float.random(in: -1.5...1.5, using: &self) }
    }
  }

  /// Samples whose columns depend on each other and are of different sizes.
  mutating func correlated(_ count: Int, columns: Int) -> [Float] {
    let mixing = floats(columns * columns)
    let sizes = (0..<columns).map { _ in Float(logUniform(in: 0.1...3)) }
    return (0..<count).flatMap { _ in
      let common = floats(columns)
      return (0..<columns).map { column in
        let mixed = (0..<columns).reduce(Float(0)) { $0 + mixing[column * columns + $1] * common[$1] }
        return sizes[column] * (mixed + 0.3)
      }
    }
  }
}
