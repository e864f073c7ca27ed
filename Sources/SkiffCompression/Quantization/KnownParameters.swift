import SkiffBinary
import SkiffIR
import SkiffOperators

/// What is known of the values of a graph before it is decided which nodes compute with integers: the parameters that
/// the model itself gives them, and ranges that samples showed.
struct KnownParameters {
  /// The integers that values become.
  let dataType: DataType
  /// Whether those of 8 bits have no zero points.
  private let isSymmetric: Bool
  /// The parameters that the model rounds a value to, in int8.
  private(set) var given: [ValueID: QuantizationParameters] = [:]
  private let ranges: [ValueID: ClosedRange<Float>]

  /// Parameters for integers other than those of a model that rounds to 8 bits itself, which it goes on to do.
  init(ranges: [ValueID: ClosedRange<Float>], as dataType: DataType, isSymmetric: Bool) {
    (self.ranges, self.dataType, self.isSymmetric) = (ranges, dataType, isSymmetric)
  }

  /// Takes conversions to integers and back out of the graph where nothing but integers would see the value.
  init(takenFrom graph: inout Graph, ranges: [ValueID: ClosedRange<Float>], isSymmetric: Bool) {
    self.init(ranges: ranges, as: .int8, isSymmetric: isSymmetric)
    for id in graph.nodeIDs {
      let node = graph[id]
      guard node.operator is Quantize, let reals = node.inputs[0], graph[reals].type?.dataType == .float32,
        graph[reals].constant == nil, graph.soleUser(of: reals) == id, !graph.isOutput(reals),
        let parameters = graph[node.outputs[0]].type?.int8Parameters, parameters.granularity == .perTensor
      else { continue }
      given[reals] = parameters
      for user in graph[node.outputs[0]].users where graph[user].operator is Dequantize {
        graph.replaceUses(of: graph[user].outputs[0], with: reals)
      }
    }
    for id in graph.nodeIDs where graph[id].operator is Dequantize {
      guard let integers = graph[id].inputs[0], let parameters = graph[integers].type?.int8Parameters,
        parameters.granularity == .perTensor
      else { continue }
      given[graph[id].outputs[0]] = parameters
    }
    graph.removeUnused()
    spread(in: graph)
    if isSymmetric { given = given.mapValues(\.symmetric) }
  }

  /// What moves elements changes none, so that what is known on one side holds on the other.
  private mutating func spread(in graph: Graph) {
    func moved(_ id: NodeID) -> (operand: ValueID, result: ValueID)? {
      let node = graph[id]
      guard node.operator.movesExactly, node.outputs.count == 1,
        let operand = node.inputs.first.flatMap(\.self)
      else { return nil }
      return (operand, node.outputs[0])
    }
    for id in graph.nodeIDs {
      guard let (operand, result) = moved(id), given[result] == nil else { continue }
      given[result] = given[operand]
    }
    for id in graph.nodeIDs.reversed() {
      guard let (operand, result) = moved(id), given[operand] == nil, graph.soleUser(of: operand) == id else {
        continue
      }
      given[operand] = given[result]
    }
  }

  /// The parameters of a value: those given, those of a constant's own integers, or those of its range.
  func parameters(of value: ValueID, in graph: Graph) -> QuantizationParameters? {
    if let known = given[value] { return known }
    if dataType == .int8, let integers = graph[value].constant?.integerType?.int8Parameters,
      integers.granularity == .perTensor
    {
      return isSymmetric ? integers.symmetric : integers
    }
    return range(of: value, in: graph).map {
      ActivationParameters.parameters($0, as: dataType, isSymmetric: isSymmetric)
    }
  }

  /// The range of a value: from the samples, or of a constant its own.
  func range(of value: ValueID, in graph: Graph) -> ClosedRange<Float>? {
    if let range = ranges[value] { return range }
    guard graph[value].type?.dataType == .float32, let constant = graph[value].constant,
      let elements = try? constant.materialize().floats()
    else { return nil }
    var observer = MinMaxObserver()
    observer.observe(elements)
    guard let range = observer.range, range.lowerBound.isFinite, range.upperBound.isFinite else { return nil }
    return range
  }
}

extension QuantizationParameters {
  /// Parameters of int8 without a zero point that hold all numbers that these hold.
  fileprivate var symmetric: QuantizationParameters {
    guard let (scale, zeroPoint) = perTensor, zeroPoint != 0 else { return self }
    let range = Float(-128 - zeroPoint) * scale...Float(127 - zeroPoint) * scale
    return ActivationParameters.int8(range, isSymmetric: true)
  }
}
