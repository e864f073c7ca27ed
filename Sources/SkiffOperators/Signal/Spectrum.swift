import SkiffBinary

/// The discrete Fourier transform of `count` numbers, `Σ x[n] e^(∓2πi·kn/count)`, in float64.
///
/// Powers of 2 by the method of Cooley and Tukey (1965), other lengths as a convolution of such a length (Bluestein, 1970).
struct Spectrum {
  /// A complex number.
  struct Complex {
    var real = 0.0
    var imaginary = 0.0

    static func * (a: Complex, b: Complex) -> Complex {
      Complex(
        real: a.real * b.real - a.imaginary * b.imaginary,
        imaginary: a.real * b.imaginary + a.imaginary * b.real)
    }
    static func + (a: Complex, b: Complex) -> Complex {
      Complex(real: a.real + b.real, imaginary: a.imaginary + b.imaginary)
    }
    static func - (a: Complex, b: Complex) -> Complex {
      Complex(real: a.real - b.real, imaginary: a.imaginary - b.imaginary)
    }
    /// `e^(i·2π·part/whole)`.
    static func root(_ part: Int, of whole: Int) -> Complex {
      let angle = 2 * Double.pi * Double(part) / Double(whole)
      return Complex(real: .cosine(angle), imaginary: .cosine(angle - Double.pi / 2))
    }
  }

  let count: Int
  let isInverse: Bool
  /// The factors of ``Complex/root(_:of:)`` for a power of 2, else those of the convolution.
  private let roots: [Complex]
  private let chirp: [Complex]
  private let kernel: [Complex]

  init(count: Int, isInverse: Bool) {
    self.count = count
    self.isInverse = isInverse
    let sign = isInverse ? 1 : -1
    guard count & (count - 1) != 0 else {
      roots = (0..<max(1, count / 2)).map { .root(sign * $0, of: max(1, count)) }
      (chirp, kernel) = ([], [])
      return
    }
    var size = 1
    while size < 2 * count - 1 { size *= 2 }
    roots = (0..<size / 2).map { .root(-$0, of: size) }
    // n² modulo 2·count keeps the angle exact.
    let chirp = (0..<count).map { Complex.root(sign * ($0 * $0 % (2 * count)), of: 2 * count) }
    var kernel = [Complex](repeating: Complex(), count: size)
    for (index, factor) in chirp.enumerated() {
      let conjugate = Complex(real: factor.real, imaginary: -factor.imaginary)
      kernel[index] = conjugate
      if index > 0 { kernel[size - index] = conjugate }
    }
    Self.transform(&kernel, roots)
    (self.chirp, self.kernel) = (chirp, kernel)
  }

  /// Replaces `count` numbers by their transform; that of the inverse is not divided by their number.
  func transform(_ values: inout [Complex]) {
    guard !chirp.isEmpty else { return Self.transform(&values, roots) }
    var padded = [Complex](repeating: Complex(), count: kernel.count)
    for index in 0..<count { padded[index] = values[index] * chirp[index] }
    Self.transform(&padded, roots)
    // The inverse transform is the transform of the conjugate, conjugated.
    for index in padded.indices {
      let product = padded[index] * kernel[index]
      padded[index] = Complex(real: product.real, imaginary: -product.imaginary)
    }
    Self.transform(&padded, roots)
    let scale = 1 / Double(kernel.count)
    for index in 0..<count {
      let value = Complex(real: padded[index].real * scale, imaginary: -padded[index].imaginary * scale)
      values[index] = value * chirp[index]
    }
  }

  private static func transform(_ values: inout [Complex], _ roots: [Complex]) {
    let count = values.count
    var reversed = 0
    for index in 1..<max(1, count) {
      var bit = count / 2
      while reversed & bit != 0 {
        reversed ^= bit
        bit /= 2
      }
      reversed |= bit
      if index < reversed { values.swapAt(index, reversed) }
    }
    var half = 1
    while half < count {
      let stride = count / (2 * half)
      for start in Swift.stride(from: 0, to: count, by: 2 * half) {
        for index in 0..<half {
          let odd = values[start + half + index] * roots[index * stride]
          values[start + half + index] = values[start + index] - odd
          values[start + index] = values[start + index] + odd
        }
      }
      half *= 2
    }
  }
}
