import Foundation
import SkiffBinary
import SkiffIR
import SkiffKeras
import SkiffTestSupport
import Testing

/// Settings of layers that nobody writes: each is an error that names the layer, or harmless.
@Suite struct HostileLayerTests {
  /// A layer behind an input of a shape, with the weights of a file that has none of them.
  private func importLayer(_ layer: String, shape: String = "[null, 5, 3]") throws -> Graph {
    let json = #"""
      {"class_name": "Functional", "config": {"name": "m", "layers": [
      {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": \#(shape)}, "name": "x", "inbound_nodes": []},
      \#(layer)], "input_layers": [["x", 0, 0]], "output_layers": [["a", 0, 0]]}}
      """#
    let folder = try TemporaryFolder()
    let weights = folder.path("empty.h5")
    try Peer.check.run(
      "edit_hdf5.py", [TestModel.path("sequential.weights.h5"), weights, "delete", "layers"])
    let model = try KerasModel(parsingArchitecture: ByteRegion(Array(json.utf8)))
      .applyingWeights(of: ByteRegion(mapping: weights), path: weights)
    return try graph(model)
  }

  private static let tensor =
    #"{"class_name": "__keras_tensor__", "config": {"shape": [null, 5, 3], "keras_history": ["x", 0, 0]}}"#

  private func layer(
    _ className: String, _ config: String, arguments: String? = nil, named: String = "{}",
    module: String = "keras.layers"
  ) -> String {
    #"""
    {"class_name": "\#(className)", "module": "\#(module)", "name": "a", "config": {"name": "a", \#(config)},
    "inbound_nodes": [{"args": \#(arguments ?? "[\(Self.tensor)]"), "kwargs": \#(named)}]}
    """#
  }

  @Test(
    .needsPeer(.check),
    arguments: [
      ("LSTM", #""units": -1"#), ("LSTM", #""units": "four""#), ("GRU", #""units": 1e300"#),
      ("LSTM", #""x": 1"#),
      ("RNN", #""units": 3"#), ("RNN", #""cell": {"class_name": "Odd", "config": {"name": "c"}}"#),
      ("RNN", #""cell": {"class_name": "StackedRNNCells", "config": {"name": "c", "cells": []}}"#),
      ("RNN", #""cell": {"class_name": "Dense", "config": {"name": "c", "units": 3}}"#),
      ("Bidirectional", #""merge_mode": "sum""#), ("Bidirectional", #""layer": 3"#),
      ("Bidirectional", #""layer": {"class_name": "Dense", "config": {"name": "d", "units": 3}}"#),
      ("TimeDistributed", #""layer": null"#), ("ConvLSTM2D", #""filters": 3, "kernel_size": 3"#),
      ("MultiHeadAttention", #""num_heads": 2, "key_dim": 3"#), ("Attention", #""use_scale": false"#),
      ("EinsumDense", #""equation": "ab->", "output_shape": 3"#), ("EinsumDense", #""equation": 5"#),
      ("Resizing", #""height": 3, "width": 3"#), ("CenterCrop", #""height": 3, "width": 3"#),
      ("Discretization", #""bin_boundaries": []"#), ("CategoryEncoding", #""num_tokens": -3"#),
      ("UnitNormalization", #""axis": [1, 1]"#), ("AdaptiveMaxPooling1D", #""output_size": 0"#),
      ("Softmax", #""axis": [1, 2]"#), ("LSTMCell", #""units": 3"#),
      ("GroupQueryAttention", #""head_dim": 3"#),
    ]) func settingsAreRefusedByName(className: String, config: String)
  {
    let error = #expect(throws: ModelError.self) { try importLayer(layer(className, config)) }
    #expect(error?.description.contains("'a") == true, "\(error?.description ?? "")")
  }

  @Test(
    .needsPeer(.check),
    arguments: [
      ("Sum", #""axis": 9"#), ("Sum", #""axis": "one""#), ("Reshape", #""newshape": [-2, 3]"#),
      ("Reshape", #""newshape": {}"#),
      ("Transpose", #""axes": [0, 0, 9]"#), ("Split", #""indices_or_sections": 0, "axis": 1"#),
      ("Split", #""indices_or_sections": [9, 1], "axis": 1"#), ("Tile", #""repeats": [1]"#),
      ("Repeat", #""repeats": 2147483647, "axis": 1"#), ("Pad", #""pad_width": [[1]]"#),
      ("Einsum", #""subscripts": "a""#),
      ("Swapaxes", #""axis1": 7, "axis2": 0"#), ("Cast", #""dtype": "complex64""#), ("Add", #""x": 3"#),
      ("Where", #""x": 1"#),
      ("Normalize", #""order": 3"#), ("Softmax", #""axis": 1, "odd": 5"#),
      ("OneHot", #""num_classes": 3, "sparse": true"#),
      ("Correlate", #""mode": "valid""#), ("GetItem", #""x": 1"#), ("Take", #""axis": 1"#),
      ("Squeeze", #""axis": 1"#),
    ]) func operationsAreRefusedByName(className: String, config: String)
  {
    let error = #expect(throws: ModelError.self) {
      try importLayer(layer(className, config, module: "keras.src.ops.numpy"))
    }
    #expect(error?.description.contains("'a") == true, "\(error?.description ?? "")")
  }

  @Test(
    .needsPeer(.check),
    arguments: [
      ("Flatten", #"{"odd": 3}"#), ("LeakyReLU", #"{"mask": [[true]]}"#),
    ]) func argumentsThatWouldBeLeftOutAreRefused(className: String, named: String)
  {
    let error = #expect(throws: ModelError.self) {
      try importLayer(layer(className, #""rate": 0.5"#, named: named))
    }
    #expect(error?.description.contains("'a") == true, "\(error?.description ?? "")")
  }

  @Test(
    .needsPeer(.check),
    arguments: [
      #"[{"class_name": "__slice__", "config": {"start": 0, "stop": 1, "step": 0}}]"#, #"[0, 0, 0, 0]"#,
      #"["a"]"#,
      #"[{"class_name": "__ellipsis__", "config": {}}, {"class_name": "__ellipsis__", "config": {}}]"#,
      #"[99999999999]"#, #"[{"class_name": "__slice__", "config": {"start": 1.5, "stop": 1}}]"#, #"[[0, 1]]"#,
      #"[7]"#,
    ]) func partsAreRefusedByName(key: String)
  {
    let error = #expect(throws: ModelError.self) {
      try importLayer(
        layer("GetItem", #""x": null"#, arguments: "[\(Self.tensor), \(key)]", module: "keras.src.ops.numpy"),
        shape: "[2, 5, 3]")
    }
    #expect(error?.description.contains("'a") == true, "\(error?.description ?? "")")
  }
}
