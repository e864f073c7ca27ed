import Skiff
import SkiffNumPy

/// Inputs, what they must give, and how far each element may be from that, as `onnx_expected.py` writes them; how far it may be
/// where numbers of 64 bits are computed in 32 is said only if there are such.
struct ExpectedSample {
  private(set) var inputs: [String: Tensor] = [:]
  private var expected: [String: Tensor] = [:]
  private var allowed: [String: [Double]] = [:]
  private var narrow: [String: [Double]] = [:]

  private init() {}

  /// A sample whose outputs must be these, to the bit.
  init(inputs: [String: Tensor], exactly outputs: [String: Tensor]) {
    self.inputs = inputs
    expected = outputs
    allowed = outputs.mapValues { [Double](repeating: 0, count: $0.count) }
  }

  /// Whether inputs and outputs are numbers, none of them infinite.
  var isFinite: Bool {
    [inputs, expected].allSatisfy { tensors in
      tensors.values.allSatisfy { tensor in (try? tensor.doubles())?.allSatisfy(\.isFinite) ?? false }
    }
  }

  /// Writes the sample as the only one of a file.
  func write(to path: String) throws {
    var arrays: [(name: String, array: NumPyArray)] = []
    for (name, tensor) in inputs { arrays.append(("0/in/\(name)", try NumPyArray(tensor))) }
    for (name, tensor) in expected {
      arrays.append(("0/out/\(name)", try NumPyArray(tensor)))
      arrays.append(("0/allowed/\(name)", try NumPyArray(Tensor(allowed[name] ?? [], shape: tensor.shape))))
    }
    try NumPyArchive.write(arrays, to: path)
  }

  /// The samples of a file: arrays called index/in/name, index/out/name, index/allowed/name and index/narrow/name.
  static func all(of path: String) throws -> [ExpectedSample] {
    var samples: [Int: ExpectedSample] = [:]
    for (key, array) in try NumPyArchive(mapping: path).arrays() {
      let parts = key.split(separator: "/", maxSplits: 2).map(String.init)
      guard parts.count == 3, let index = Int(parts[0]) else { continue }
      let tensor = try Tensor(array)
      switch parts[1] {
      case "in": samples[index, default: ExpectedSample()].inputs[parts[2]] = tensor
      case "out": samples[index, default: ExpectedSample()].expected[parts[2]] = tensor
      case "allowed": samples[index, default: ExpectedSample()].allowed[parts[2]] = try tensor.doubles()
      default: samples[index, default: ExpectedSample()].narrow[parts[2]] = try tensor.doubles()
      }
    }
    return samples.sorted { $0.key < $1.key }.map(\.value)
  }

  /// What is wrong with results, nil if nothing is.
  ///
  /// - Parameter inFloat32: Whether numbers of 64 bits were computed in 32.
  func complaint(of results: [String: Tensor], inFloat32: Bool = false) -> String? {
    for (name, wanted) in expected.sorted(by: { $0.key < $1.key }) {
      guard let result = results[name] else { return "there is no '\(name)'" }
      guard result.dataType == wanted.dataType, result.shape == wanted.shape,
        wanted.quantization == nil || wanted.quantization == result.quantization
      else {
        return "'\(name)' is \(result.type), not \(wanted.type)"
      }
      guard let actual = try? result.doubles(), let numbers = try? wanted.doubles() else {
        return "'\(name)' cannot be read"
      }
      let bounds = (inFloat32 ? narrow[name] : nil) ?? allowed[name] ?? []
      let worst = actual.indices.filter { index in
        let (a, e) = (actual[index], numbers[index])
        return !(a == e || a.isNaN && e.isNaN || abs(a - e) <= bounds[index] || bounds[index] == .infinity)
      }
      guard let first = worst.first else { continue }
      return "'\(name)': \(worst.count) of \(actual.count) differ, at \(first) \(actual[first]) instead of "
        + "\(numbers[first]), bound \(bounds[first])"
    }
    return nil
  }
}
