/// What is read of Keras, for documents.
package enum ReadLayers {
  /// The classes of layers, in alphabetical order.
  package static var layers: [String] {
    let functions = Set(tensorFlowMappings.map(\.className))
    return Set(LayerMapping.all.map(\.className)).subtracting(functions).sorted()
  }
  /// The classes of Keras 3's operators on tensors, in alphabetical order.
  package static var operators: [String] { Set(Operation.all.compactMap(\.className)).sorted() }
  /// The functions of TensorFlow that Keras 2 makes layers of, without the modules in front of most, in alphabetical order.
  package static var functions: [String] { Set(Operation.all.flatMap(\.functions)).sorted() }
}
