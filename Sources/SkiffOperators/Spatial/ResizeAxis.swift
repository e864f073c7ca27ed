import SkiffBinary
import SkiffIR

/// How one axis is resized: for each element of the result the elements that it is made of, and their weights.
package struct ResizeAxis {
  /// The axis.
  package let axis: Int
  /// The size before.
  package let size: Int
  /// The size after.
  package let resized: Int
  /// The taps of element i are those at `i · width` and behind.
  let width: Int
  /// The positions of the taps; those that are not needed weigh nothing.
  package private(set) var positions: [Int] = []
  /// The weights of the taps.
  package private(set) var weights: [Float] = []
  /// The elements that lie outside when cropping.
  package private(set) var outside: [Bool] = []

  init(
    _ resize: Resize, axis: Int, size: Int, resized: Int, scale: Float, region: (start: Float, end: Float)
  ) {
    self.axis = axis
    self.size = size
    self.resized = resized
    let stretch = resize.antialiases && scale < 1 ? 1 / scale : 1
    let reach = resize.mode == .cubic ? 2 * stretch : stretch
    width =
      resize.mode == .nearest
      ? 1 : resize.antialiases ? Int((2 * reach).rounded(.up)) + 2 : resize.mode == .cubic ? 4 : 2
    positions.reserveCapacity(resized * width)
    weights.reserveCapacity(resized * width)
    for index in 0..<resized {
      let place = resize.position(of: index, size, resized, scale, region)
      outside.append(resize.coordinates == .tfCropAndResize && (place < 0 || place > Float(size - 1)))
      let taps: [(position: Int, weight: Float)]
      if resize.mode == .nearest {
        taps = [(min(max(resize.nearest(place), 0), size - 1), 1)]
      } else {
        let limited =
          resize.mode == .linear && !resize.antialiases ? min(max(place, 0), Float(size - 1)) : place
        let first =
          resize.antialiases
          ? Int((limited + 0.5 - reach + 0.5).rounded(.down)) : Int(limited.rounded(.down)) - width / 2 + 1
        let last =
          resize.antialiases ? Int((limited + 0.5 + reach + 0.5).rounded(.down)) - 1 : first + width - 1
        taps = Self.joined(
          (first...max(first, last)).map { ($0, resize.weight((Float($0) - limited) / stretch)) }, size,
          excludesOutside: resize.excludesOutside, normalizes: resize.antialiases)
      }
      for tap in 0..<width {
        positions.append(tap < taps.count ? taps[tap].position : 0)
        weights.append(tap < taps.count ? taps[tap].weight : 0)
      }
    }
  }

  /// The taps inside: those outside weigh nothing, or are taken to be at the edge.
  private static func joined(
    _ taps: [(position: Int, weight: Float)], _ size: Int, excludesOutside: Bool, normalizes: Bool
  ) -> [(position: Int, weight: Float)] {
    var result: [(position: Int, weight: Float)] = []
    for tap in taps {
      let position = min(max(tap.position, 0), size - 1)
      if position != tap.position, excludesOutside { continue }
      if let last = result.last, last.position == position {
        result[result.count - 1].weight += tap.weight
      } else {
        result.append((position, tap.weight))
      }
    }
    if excludesOutside || normalizes {
      let sum = result.reduce(0) { $0 + $1.weight }
      for index in result.indices where sum != 0 { result[index].weight /= sum }
    }
    return result
  }

  /// The weights as a matrix with a row for each element of the result.
  package var matrix: [Float] {
    var result = [Float](repeating: 0, count: resized * size)
    for index in 0..<resized {
      for tap in index * width..<(index + 1) * width { result[index * size + positions[tap]] += weights[tap] }
    }
    return result
  }

  /// The tensor's elements with this axis resized; `shape` becomes that of the result.
  func apply<Real: RealNumber>(_ values: [Real], _ shape: inout [Int]) -> [Real] {
    let outer = shape[..<axis].reduce(1, *)
    let inner = shape[(axis + 1)...].reduce(1, *)
    shape[axis] = resized
    var result = [Real](repeating: 0, count: outer * resized * inner)
    for block in 0..<outer {
      for index in 0..<resized {
        let target = (block * resized + index) * inner
        for tap in index * width..<(index + 1) * width where weights[tap] != 0 {
          let (source, weight) = ((block * size + positions[tap]) * inner, Real(weights[tap]))
          for offset in 0..<inner { result[target + offset] += values[source + offset] * weight }
        }
      }
    }
    return result
  }
}

extension Resize {
  /// Where an element of the result lies in the input, in float32 as ONNX Runtime computes it.
  fileprivate func position(
    of index: Int, _ size: Int, _ resized: Int, _ scale: Float, _ region: (start: Float, end: Float)
  ) -> Float {
    let (x, length) = (Float(index), Float(size))
    switch coordinates {
    case .halfPixel: return (x + 0.5) / scale - 0.5
    case .halfPixelSymmetric:
      let adjustment = Float(resized) / (scale * length)
      return length / 2 * (1 - adjustment) + (x + 0.5) / scale - 0.5
    case .pytorchHalfPixel: return resized > 1 ? (x + 0.5) / scale - 0.5 : 0
    case .alignCorners: return resized > 1 ? x * (length - 1) / Float(resized - 1) : 0
    case .asymmetric: return x / scale
    case .tfHalfPixelForNN: return (x + 0.5) / scale
    case .tfCropAndResize:
      let (start, end) = region
      return resized > 1
        ? start * (length - 1) + x * (end - start) * (length - 1) / Float(resized - 1)
        : 0.5 * (start + end) * (length - 1)
    }
  }

  /// The position of the nearest element.
  fileprivate func nearest(_ place: Float) -> Int {
    let rounded =
      switch rounding {
      case .roundPreferFloor: (place - 0.5).rounded(.up)
      case .roundPreferCeil: (place + 0.5).rounded(.down)
      case .floor: place.rounded(.down)
      case .ceil: place.rounded(.up)
      }
    return Int(max(-0x1p40, min(0x1p40, rounded)))
  }

  /// The weight of an element at a distance.
  fileprivate func weight(_ distance: Float) -> Float {
    let d = abs(distance)
    guard mode == .cubic else { return max(0, 1 - d) }
    let a = cubicCoefficient
    if d <= 1 { return ((a + 2) * d - (a + 3)) * d * d + 1 }
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0
  }
}
