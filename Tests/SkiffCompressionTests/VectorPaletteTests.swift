import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// Palettes of neighbouring weights, and palettes of integers.
@Suite struct VectorPaletteTests {
  private typealias Settings = WeightCompression.Settings

  private static func vectors(
    _ bits: Int, _ length: Int, rows: Int = 0, entries: Palettization.Entries = .float
  ) -> Settings {
    Settings {
      var palettization = Palettization()
      (palettization.bits, palettization.vectorLength) = (bits, length)
      (palettization.rowsPerTable, palettization.entries) = (rows, entries)
      $0.coding = .palette(palettization)
    }
  }

  private func codebook(_ value: ValueID, _ graph: Graph) throws -> Constant.Codebook {
    let constant = try #require(graph[value].constant)
    guard case .codebook(let codebook) = constant.encoding else {
      throw TestSupportError("\(constant.encoding)")
    }
    return codebook
  }

  private static func pieces(_ numbers: [Float], _ length: Int) -> [[Float]] {
    stride(from: 0, to: numbers.count, by: length).map { Array(numbers[$0..<$0 + length]) }
  }

  @Test(arguments: Seed.fixedAndFresh, [2, 4]) func neighboursBecomeTheNearestVector(
    seed: Seed, length: Int
  ) throws {
    var generator = SeededGenerator(seed)
    let weights = generator.weights(80 * 60)
    let subject = try WeightSubject.dense(Tensor(weights, shape: [80, 60]))
    let (graph, changes) = try subject.compressed(Self.vectors(5, length))
    #expect(changes.map(\.coding) == ["palette of 5 bits for \(length) weights"])
    let found = try WeightSubject.elements(subject.weights[0], in: graph)
    let codebook = try codebook(subject.weights[0], graph)
    #expect(codebook.tables.shape == [1, 32, length] && codebook.axis == 1 && codebook.bits == 5)
    let table = Self.pieces(try codebook.tables.materialize().floats(), length)
    for (weight, vector) in zip(Self.pieces(weights, length), Self.pieces(found, length)) {
      let least = table.map { squaredError($0, weight) }.min() ?? 0
      #expect(squaredError(vector, weight) <= least * 1.0001 + 1e-12)
    }
    // The mean of what a vector stands for is hardly nearer than the vector.
    let clusters = Dictionary(grouping: zip(Self.pieces(weights, length), Self.pieces(found, length))) {
      $0.1
    }
    let moved = clusters.values.reduce(0.0) { sum, members in
      let mean = (0..<length).map { element in
        members.reduce(Float(0)) { $0 + $1.0[element] } / Float(members.count)
      }
      return sum + members.reduce(0.0) { $0 + squaredError($1.0, mean) }
    }
    #expect(squaredError(weights, found) < 1.02 * moved)
    #expect(try subject.changed(Self.vectors(5, length)) == found)
  }

  /// Even where neighbours know nothing of each other: regions of a plane are smaller than their squares.
  @Test(arguments: Seed.fixedAndFresh) func vectorsLoseLessThanSingleWeights(seed: Seed) throws {
    var generator = SeededGenerator(seed)
    let weights = generator.weights(200 * 100)
    let subject = try WeightSubject.dense(Tensor(weights, shape: [200, 100]))
    let single = try subject.changed(.palette(4))
    let double = try subject.changed(Self.vectors(8, 2))
    #expect(squaredError(weights, double) < squaredError(weights, single))
  }

  /// Every axis that neighbours can lie along, and none.
  @Test func theAxisIsOneThatDivides() throws {
    var generator = SeededGenerator(Seed(1))
    func coding(_ product: any Operator, _ shape: [Int], input: [Int], _ settings: Settings) throws
      -> (text: String, axis: Int?)
    {
      var subject = WeightSubject(input: input)
      try subject.add(product, Tensor(generator.weights(shape.reduce(1, *)), shape: shape))
      let (graph, changes) = try subject.compressed(settings)
      return (changes.first?.coding ?? "", try? codebook(subject.weights[0], graph).axis)
    }
    var convolution = Convolution()
    convolution.layout = .last
    let settings = Self.vectors(3, 4, entries: .int8)
    let inner = try coding(convolution, [16, 3, 3, 8], input: [1, 5, 5, 8], settings)
    #expect(inner.axis == 3 && inner.text == "palette of 3 bits for 4 weights in int8")
    let outer = try coding(convolution, [16, 3, 3, 7], input: [1, 5, 5, 7], settings)
    #expect(outer.axis == 0 && outer.text == "palette of 3 bits for 4 weights in int8")
    let none = try coding(convolution, [15, 3, 3, 7], input: [1, 5, 5, 7], settings)
    #expect(none.axis == nil && none.text == "palette of 1 bits in int8, since no axis is a multiple of 4")
    let rows = try coding(convolution, [16, 3, 3, 7], input: [1, 5, 5, 7], Self.vectors(3, 4, rows: 8))
    #expect(rows.text == "palette of 1 bits, since no axis is a multiple of 4")
    let transposed = try coding(MatrixMultiply(), [16, 30], input: [2, 16], settings)
    #expect(transposed.axis == 0)
    let small = try coding(convolution, [16, 3, 3, 8], input: [1, 5, 5, 8], Self.vectors(8, 2))
    #expect(small.text == "palette of 4 bits, since a table of vectors takes more than its positions")
  }

  @Test(arguments: [Float(1e-20), 1e20]) func numbersWithoutSquaresStaySingle(scale: Float) throws {
    var generator = SeededGenerator(Seed(2))
    let weights = generator.weights(4000).map { $0 * scale }
    let subject = try WeightSubject.dense(Tensor(weights, shape: [40, 100]))
    let (graph, changes) = try subject.compressed(Self.vectors(4, 2))
    #expect(changes[0].coding == "palette of 2 bits, since its squares are no numbers of 32 bits")
    #expect(try Set(WeightSubject.elements(subject.weights[0], in: graph)).count <= 4)
  }

  @Test(arguments: Seed.fixedAndFresh) func vectorsThatAreFewEnoughStay(seed: Seed) throws {
    var generator = SeededGenerator(seed)
    let few = (0..<16).map { _ in generator.weights(4) }
    let weights = (0..<750).flatMap { _ in few.randomElement(using: &generator) ?? [] }
    let subject = try WeightSubject.dense(Tensor(weights, shape: [30, 100]))
    #expect(try subject.changed(Self.vectors(4, 4)) == weights)
  }

  @Test(arguments: Seed.fixedAndFresh) func zerosStay(seed: Seed) throws {
    var generator = SeededGenerator(seed)
    var weights = generator.weights(40 * 60)
    for index in 600..<1200 { weights[index] = index % 2 == 0 ? 0 : -0.0 }
    let found = try WeightSubject.dense(Tensor(weights, shape: [40, 60])).changed(Self.vectors(4, 2))
    #expect(found[600..<1200].allSatisfy { $0 == 0 })
  }

  @Test(arguments: Seed.fixedAndFresh) func rowsHaveTablesOfTheirOwn(seed: Seed) throws {
    var generator = SeededGenerator(seed)
    let weights = generator.weights(10 * 400)
    let subject = try WeightSubject.dense(Tensor(weights, shape: [10, 400]))
    for length in [1, 2] {
      let (graph, _) = try subject.compressed(Self.vectors(3, length, rows: 4))
      let codebook = try codebook(subject.weights[0], graph)
      #expect(codebook.tables.shape == [3, 8, length] && codebook.rows == 4)
      let found = try WeightSubject.elements(subject.weights[0], in: graph)
      for first in [0, 4, 8] {
        let places = first * 400..<min(first + 4, 10) * 400
        let alone = try WeightSubject.dense(
          Tensor(Array(weights[places]), shape: [places.count / 400, 400]))
        #expect(try alone.changed(Self.vectors(3, length)) == Array(found[places]))
      }
    }
  }

  @Test(arguments: Seed.fixedAndFresh) func importanceCountsTheInputs(seed: Seed) throws {
    var generator = SeededGenerator(seed)
    let weights = generator.weights(60 * 32)
    let values = generator.correlated(50, columns: 32)
    let subject = try WeightSubject.dense(Tensor(weights, shape: [60, 32]), samples: 50)
    let squares = (0..<32).map { column in
      stride(from: column, to: values.count, by: 32).reduce(Float(0)) { $0 + values[$1] * values[$1] }
    }
    let plain = try subject.changed(Self.vectors(4, 2))
    let aware = try subject.changed(
      Self.vectors(4, 2).with { $0.importance = .inputs }, samples: [Tensor(values, shape: [50, 32])])
    #expect(
      squaredError(weights, aware, importance: squares) < squaredError(weights, plain, importance: squares))
  }

  /// Later vectors make up for the errors of earlier ones, whether they are parts of rows or run across them.
  @Test(arguments: ErrorFeedbackTests.subjects, Seed.fixedAndFresh) func feedbackLowersTheErrorOfOutputs(
    subject: ErrorFeedbackTests.Subject, seed: Seed
  ) throws {
    var generator = SeededGenerator(seed)
    let (subject, samples) = try subject.make(&generator)
    let settings = Self.vectors(2, 2, entries: .int8)
    #expect(try subject.compressed(settings).changes[0].coding == "palette of 2 bits for 2 weights in int8")
    let plain = try subject.outputError(settings, samples: samples)
    let fed = try subject.outputError(settings.with { $0.usesFeedback = true }, samples: samples)
    // Rows that are better without keep their nearest vectors, and there are few rows of few vectors here.
    #expect(fed <= plain)
    if seed == Seed.fixedAndFresh[0] { #expect(fed < plain) }
  }

  @Test(arguments: Seed.fixedAndFresh, [1, 2]) func tablesOfIntegersHaveOneScaleEach(seed: Seed, length: Int)
    throws
  {
    var generator = SeededGenerator(seed)
    let weights = generator.weights(30 * 200)
    let subject = try WeightSubject.dense(Tensor(weights, shape: [30, 200]))
    let real = try subject.changed(Self.vectors(4, length))
    for rows in [0, 10] {
      let settings = Self.vectors(4, length, rows: rows, entries: .int8)
      let (graph, changes) = try subject.compressed(settings)
      #expect(changes[0].coding.hasSuffix("in int8"))
      let constant = try #require(graph[subject.weights[0]].constant)
      let narrow = try #require(constant.widened?.narrow)
      #expect(narrow.type.dataType == .int8)
      let parameters = try #require(narrow.type.quantization)
      #expect(parameters.granularity == (rows == 0 ? .perTensor : .perAxis(0)))
      #expect(Set(parameters.scales).count == (rows == 0 ? 1 : 3))
      #expect(parameters.zeroPoints.allSatisfy { $0 == 0 })
      let elements = try constant.materialize().floats()
      let integers = try narrow.materialize().integers()
      #expect(integers.allSatisfy { (-127...127).contains($0) })
      for (index, integer) in integers.enumerated() {
        let scale = parameters.scales[rows == 0 ? 0 : index / 200]
        #expect(elements[index] == Float(integer) * scale)
      }
      for first in stride(from: 0, to: 30, by: rows == 0 ? 30 : rows) {
        let own = Self.pieces(elements, length)[
          first * 200 / length..<(first + (rows == 0 ? 30 : rows)) * 200 / length]
        #expect(Set(own).count <= 16)
      }
      if rows == 0 {
        // 127 steps on each side cost next to nothing.
        #expect(squaredError(weights, elements) < 1.1 * squaredError(weights, real))
      }
    }
  }

  @Test func whatIsNoPaletteIsRefused() throws {
    let subject = try WeightSubject.dense(Tensor([Float](repeating: 1, count: 64), shape: [8, 8]))
    for settings in [
      Self.vectors(13, 2), Self.vectors(9, 1), Self.vectors(0, 2), Self.vectors(4, 3), Self.vectors(4, 0),
      Self.vectors(4, -2), Self.vectors(4, .max),
      Self.vectors(4, 2).with { $0.pruning = WeightPruning() },
    ] {
      #expect(#expect(throws: ModelError.self) { try subject.compressed(settings) }?.code == .invalidArgument)
    }
  }
}
