import Foundation
import Skiff
import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffNumPy
import SkiffTestSupport

/// A model of somebody else with data to calibrate and to score it on.
struct RealModelConversion {
  let path: String
  let input: String
  let samples: Tensor

  /// The rows of the samples.
  func rows(_ range: Range<Int>) throws -> Tensor {
    let bytes = samples.bytes.count / samples.shape[0]
    return try Tensor(
      samples.dataType, shape: [range.count] + samples.shape.dropFirst(),
      bytes: samples.bytes.slice(offset: range.lowerBound * bytes, count: range.count * bytes))
  }

  /// The rows at these positions.
  func rows(_ positions: [Int]) throws -> Tensor {
    let width = samples.shape.dropFirst().reduce(1, *)
    let elements = try samples.floats()
    return Tensor(
      positions.flatMap { elements[$0 * width..<($0 + 1) * width] },
      shape: [positions.count] + samples.shape.dropFirst())
  }

  /// The rows as samples.
  func samples(_ range: Range<Int>) throws -> Samples { Samples([input: try rows(range)]) }

  /// The outputs of a file for the rows, run by Skiff.
  func outputs(of file: String, _ range: Range<Int>) throws -> [Float] {
    try Model(contentsOf: file).outputs(for: samples(range), batchSize: 1)[0].tensor.floats()
  }

  /// The outputs of a file for the rows, run by a peer's script one row at a time.
  func peerOutputs(
    of file: String, _ range: Range<Int>, under script: String, options: [String] = []
  ) throws -> [Float] {
    let sets = try range.map { row in
      let tensor = try rows(row..<row + 1)
      return [input: try NumPyArray(tensor.floats(), shape: tensor.shape)]
    }
    let outputs = try Peer.check.outputs(of: file, under: script, options: options, inputs: sets)
    return try outputs.flatMap { try $0.values.first?.elements(as: Float.self) ?? [] }
  }

  /// How many rows of `scores` are largest at their label.
  static func countRight(_ scores: [Float], _ labels: some Collection<Int>) -> Int {
    let width = scores.count / labels.count
    return labels.enumerated().count { row, label in
      (0..<width).max { scores[row * width + $0] < scores[row * width + $1] } == label
    }
  }
}

extension RealModelConversion {
  /// The keyword spotter of the closed division of MLPerf Tiny v0.7, on the 500 samples of EEMBC.
  ///
  /// The features are stored as integers with a scale of 0.5847 and a zero point of 83.
  static func keywords() throws -> (model: RealModelConversion, labels: [Int]) {
    let folder = try RealModel.path("eembc-kws01/kws01")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".bin") }
      .sorted()
    var features: [Float] = []
    for file in files {
      let bytes = try ByteRegion(mapping: "\(folder)/\(file)")
      features += try Tensor(.int8, shape: [bytes.count], bytes: bytes).integers().map {
        Float(Float($0 - 83) * 0.5847)
      }
    }
    let labels = files.compactMap { $0.dropLast(4).split(separator: "_").last.flatMap { Int($0) } }
    return (
      RealModelConversion(
        path: try RealModel.path(keywordModel), input: "x:0",
        samples: Tensor(features, shape: [files.count, 49, 10, 1])), labels
    )
  }

  static let keywordModel = "tiny-results-v0.7/Alibaba/code/kws/sinian/kws_model/model_kws.onnx"
}
