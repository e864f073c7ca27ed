import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffKeras
import SkiffNumPy
import SkiffTestSupport

/// The outputs of a graph for inputs by name.
func run(_ graph: Graph, on inputs: [String: NumPyArray]) throws -> [String: Tensor] {
  let shapes = inputs.mapValues(\.shape)
  let session = Session(try Plan(graph, inputShapes: shapes))
  var tensors: [String: Tensor] = [:]
  for id in graph.inputs {
    let name = graph[id].name
    guard let array = inputs[name], let type = graph[id].type else { continue }
    tensors[name] = try tensor(array, as: type.dataType)
  }
  return try session.run(tensors)
}

/// An array as a tensor of this type, which must be its own or wider.
func tensor(_ array: NumPyArray, as dataType: DataType) throws -> Tensor {
  switch dataType {
  case .int32: Tensor(try array.elements(as: Int32.self), shape: array.shape)
  case .uint8:
    try Tensor(
      integers: array.elements(as: UInt8.self).map { Int($0) }, as: .uint8, shape: array.shape)
  default: Tensor(try array.elements(as: Float.self), shape: array.shape)
  }
}

/// All arrays of one of the files of TestModels, by name.
func arrays(_ file: String) throws -> [String: NumPyArray] {
  let arrays = try NumPyArchive(mapping: TestModel.path(file)).arrays()
  return Dictionary(arrays.map { ($0.name, $0.array) }, uniquingKeysWith: { first, _ in first })
}
