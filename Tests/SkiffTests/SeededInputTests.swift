import Skiff
import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffTestSupport
import Testing

/// Inputs that are made up suit the operators that take them.
@Suite struct SeededInputTests {
  /// An operator on `f32[3,20,4]` and on places, which are an input of some type.
  struct Case: Sendable, CustomTestStringConvertible {
    let node: any SkiffIR.Operator
    let places: TensorType
    /// Whether the data are the third operand too.
    var updates = false
    /// What is done to the places first.
    var steps: [any SkiffIR.Operator] = []
    var testDescription: String { "\(type(of: node).name) \(places) \(steps.map { type(of: $0).name })" }

    func graph() throws -> Graph {
      var graph = Graph()
      let x = graph.addInput("x", TensorType(.float32, [3, 20, 4]))
      var places = graph.addInput("places", places)
      for step in steps { places = try graph.add(step, places) }
      let operands = [x, places] + (updates ? [x] : [])
      graph.addOutput(try graph.addNode(node, operands)[0], name: "y")
      return graph
    }
  }

  static let cases: [Case] = {
    var (batched, reversed) = (GatherND(), ReverseSequence())
    batched.batchDimensions = 1
    (reversed.timeAxis, reversed.batchAxis) = (2, 1)
    var (elements, unpool) = (GatherElements(), MaxUnpool())
    elements.axis = -1
    (unpool.size, unpool.strides) = ([1], [1])
    return [
      Case(node: Gather(axis: 2), places: TensorType(.int64, [6])),
      Case(node: Gather(axis: 1), places: TensorType(.int8, [300])),
      Case(node: elements, places: TensorType(.int64, [3, 20, 2])),
      Case(node: GatherND(), places: TensorType(.int64, [5, 3])),
      Case(node: batched, places: TensorType(.int64, [3, 5, 2])),
      Case(node: ScatterElements(), places: TensorType(.int64, [3, 20, 4]), updates: true),
      Case(node: ScatterND(), places: TensorType(.int64, [3, 1]), updates: true),
      Case(
        node: GatherND(), places: TensorType(.int32, [3, 5]),
        steps: [Transpose([1, 0]), Cast(to: .int64), Unsqueeze(axes: [0])]),
      Case(node: NegativeLogLikelihood(), places: TensorType(.int64, [3, 4])),
      Case(node: reversed, places: TensorType(.int64, [20])),
      Case(node: unpool, places: TensorType(.int64, [3, 20, 4])),
    ]
  }()

  @Test(arguments: cases) func placesAreThere(_ test: Case) throws {
    let graph = try test.graph()
    var generator = SeededInputs(seed: 1)
    let session = Session(try Plan(graph))
    for run in try (0..<20).map({ _ in try generator.next(for: graph) }) + generator.boundaries(for: graph) {
      _ = try session.run(run)
    }
  }

  @Test func aListOfPlacesCanBeMadeOfSeveral() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [3, 20, 4]))
    let parts = ["i", "j"].map { graph.addInput($0, TensorType(.int64, [7, 1])) }
    let places = try graph.addNode(Concat(axis: 1), parts)[0]
    graph.addOutput(try graph.add(GatherND(), x, places), name: "y")
    var generator = SeededInputs(seed: 1)
    for run in try generator.boundaries(for: graph) { _ = try Session(Plan(graph)).run(run) }
  }

  /// A shape that is computed cannot be made up.
  @Test func aCertificateAsksForSamplesThatSuitTheModel() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [6]))
    let shape = graph.addInput("shape", TensorType(.int64, [2]))
    graph.addOutput(try graph.add(Reshape(), x, shape), name: "y")
    var model = try Model(graph)
    let folder = try TemporaryFolder()
    try model.write(to: folder.path("model.skiff"))
    let error = #expect(throws: ModelError.self) {
      _ = try Certificate(of: model, writtenTo: folder.path("model.skiff"))
    }
    #expect(error?.notes.contains { $0.contains("give samples") } == true, "\(String(describing: error))")
    let samples = Samples([
      "x": Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [6]), "shape": Tensor([2, 3] as [Int64], shape: [2]),
    ])
    #expect(try Certificate(of: model, writtenTo: folder.path("model.skiff"), samples: samples).holds)
  }

  /// Made-up inputs have the sizes that one of two models fixes, in the order of its axes.
  @Test(arguments: ["f32[2,3,9,7]", "f32[2,9,7,3]"]) func sizesAreThoseOfTheModelThatFixesThem(
    shape: String
  ) throws {
    func model(_ type: String) throws -> Model {
      try Model(
        Graph(
          text: "graph @t (%x: \(type)) -> (y: %y) { %y = Relu(%x) : \(type) }", catalog: .standard))
    }
    let (open, fixed) = (try model("f32[N,3,H,W]"), try model(shape))
    for (one, other) in [(open, fixed), (fixed, open)] {
      let comparison = try one.comparison(with: other)
      #expect(comparison.runCount > 0 && comparison.outputs.allSatisfy { $0.maximumError == 0 })
    }
  }

  @Test func aCertificateChecksWhatIsLookedUp() throws {
    let folder = try TemporaryFolder()
    var model = try Model(Case(node: GatherND(), places: TensorType(.int64, [5, 3])).graph())
    for name in ["model.skiff", "model.tflite"] {
      try model.write(to: folder.path(name))
      let certificate = try Certificate(of: model, writtenTo: folder.path(name))
      #expect(certificate.holds, "\(certificate.failures)")
    }
  }
}
