import CKernels
import SkiffTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Convolutions touch nothing behind what they are given: their memory ends where a page begins that nobody may touch.
@Suite(.serialized) struct KernelBoundsTests {
  /// Memory in front of a page that cannot be read.
  private final class GuardedMemory {
    private let base: UnsafeMutableRawPointer
    private let size: Int
    let start: UnsafeMutableRawPointer

    init(byteCount: Int) throws {
      let page = Int(sysconf(Int32(_SC_PAGESIZE)))
      size = (byteCount + page - 1) / page * page + page
      let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      base = try #require(memory != MAP_FAILED ? memory : nil)
      start = base + size - page - byteCount
      try #require(mprotect(base + size - page, page, PROT_NONE) == 0)
    }

    convenience init<Element: BitwiseCopyable>(_ elements: [Element]) throws {
      try self.init(byteCount: elements.count * MemoryLayout<Element>.stride)
      elements.withUnsafeBytes { bytes in
        if let source = bytes.baseAddress { start.copyMemory(from: source, byteCount: bytes.count) }
      }
    }

    deinit { munmap(base, size) }

    func pointer<Element>(_ type: Element.Type) -> UnsafeMutablePointer<Element> {
      start.assumingMemoryBound(to: type)
    }
  }

  /// A shape at random; nil where the window does not fit.
  private func shape(_ generator: inout SeededGenerator, isDepthwise: Bool) -> skiff_convolution? {
    var shape = skiff_convolution()
    (shape.batch, shape.groups) = (generator.integer(1...2), generator.pick([1, 1, 1, 2, 3]))
    (shape.input_height, shape.input_width) = (generator.integer(1...14), generator.integer(1...20))
    (shape.kernel_height, shape.kernel_width) = (generator.integer(1...4), generator.pick([1, 2, 3, 3, 4]))
    (shape.stride_height, shape.stride_width) = (generator.integer(1...3), generator.integer(1...3))
    (shape.dilation_height, shape.dilation_width) = (
      generator.pick([1, 1, 1, 2]), generator.pick([1, 1, 1, 2])
    )
    (shape.padding_top, shape.padding_left) = (generator.integer(0...2), generator.integer(0...2))
    (shape.input_channels, shape.output_channels) = (
      generator.integer(1...generator.pick([5, 40])), generator.integer(1...generator.pick([20, 150]))
    )
    if isDepthwise {
      (shape.groups, shape.input_channels, shape.output_channels) = (
        generator.integer(1...generator.pick([20, 20, 150])), 1, 1
      )
    }
    let height = shape.input_height + shape.padding_top + generator.integer(0...2)
    let width = shape.input_width + shape.padding_left + generator.integer(0...2)
    let rows = height - ((shape.kernel_height - 1) * shape.dilation_height + 1)
    let columns = width - ((shape.kernel_width - 1) * shape.dilation_width + 1)
    guard rows >= 0, columns >= 0 else { return nil }
    (shape.output_height, shape.output_width) = (
      rows / shape.stride_height + 1, columns / shape.stride_width + 1
    )
    return shape
  }

  private func strides(_ shape: skiff_convolution) -> skiff_weight_strides {
    let taps = shape.kernel_height * shape.kernel_width
    return skiff_weight_strides(output: taps * shape.input_channels, tap: shape.input_channels, input: 1)
  }

  /// The elements of the input, the weights, the outputs of all groups and the result.
  private func counts(_ shape: skiff_convolution) -> (input: Int, weights: Int, outputs: Int, result: Int) {
    let outputs = shape.groups * shape.output_channels
    return (
      shape.batch * shape.input_height * shape.input_width * shape.groups * shape.input_channels,
      outputs * strides(shape).output, outputs,
      shape.batch * shape.output_height * shape.output_width * outputs
    )
  }

  /// The results at every level, computed in parts one after the other.
  private func results<Element: BitwiseCopyable>(
    _ shape: skiff_convolution, parts: Int, as type: Element.Type,
    _ run: (skiff_convolution, skiff_part, UnsafeMutablePointer<Element>) throws -> Void
  ) throws -> [[Element]] {
    let levels = [skiff_portable, skiff_avx2, skiff_avx512].filter {
      $0.rawValue <= skiff_kernels_level().rawValue
    }
    return try levels.map { level in
      var shape = shape
      shape.level = level
      let count = counts(shape).result
      let result = try GuardedMemory(byteCount: count * MemoryLayout<Element>.stride)
      for index in 0..<parts {
        try run(shape, skiff_part(index: index, count: parts), result.pointer(type))
      }
      return Array(UnsafeBufferPointer(start: result.pointer(type), count: count))
    }
  }

  @Test(arguments: Seed.fixedAndFresh, [false, true])
  func integers(seed: Seed, isDepthwise: Bool) throws {
    var generator = SeededGenerator(seed)
    for number in 0..<600 {
      guard let shape = shape(&generator, isDepthwise: isDepthwise) else { continue }
      let counts = counts(shape)
      let input = try GuardedMemory(generator.integers(counts.input) as [Int8])
      let weights = try GuardedMemory(generator.integers(counts.weights, in: -127...127) as [Int8])
      let bias = try GuardedMemory(generator.integers(counts.outputs, in: -10_000...10_000) as [Int32])
      let shift = Int32(generator.integer(-11...2))
      let factors = try GuardedMemory(
        (0..<counts.outputs).map { _ in
          skiff_factor(
            multiplier: generator.pick([1 << 30, .random(in: 1 << 30 ... .max, using: &generator)]),
            shift: shift - Int32(generator.integer(0...1)))
        })
      var form = skiff_qc8w_output()
      form.input_zero_point = Int32(generator.integer(-128...127))
      form.output_zero_point = Int32(generator.pick([-128, generator.integer(-128...127)]))
      form.lower = generator.pick([-128, form.output_zero_point])
      form.upper = generator.pick([127, 127, Int32(generator.integer(Int(form.output_zero_point)...127))])
      let results = try results(shape, parts: generator.integer(1...3), as: Int8.self) {
        shape, part, result in
        var (shape, form) = (shape, form)
        let zero = form.input_zero_point
        let (source, factors) = (input.pointer(Int8.self), factors.pointer(skiff_factor.self))
        if isDepthwise {
          let packed = try GuardedMemory(byteCount: skiff_qc8w_dwconv_packed_size(&shape))
          let scratch = try GuardedMemory(byteCount: skiff_qc8w_dwconv_scratch_size(&shape))
          skiff_qc8w_dwconv_pack(
            &shape, weights.pointer(Int8.self), strides(shape), bias.pointer(Int32.self), zero, factors,
            packed.start)
          skiff_qc8w_dwconv(&shape, source, packed.start, &form, part, result, scratch.start)
        } else {
          let packed = try GuardedMemory(byteCount: skiff_qc8w_conv_packed_size(&shape))
          let scratch = try GuardedMemory(byteCount: skiff_qc8w_conv_scratch_size(&shape))
          var scales = skiff_qc8w_scales()
          scales.factors = UnsafePointer(factors)
          _ = skiff_qc8w_conv_pack(
            &shape, weights.pointer(Int8.self), strides(shape), bias.pointer(Int32.self), zero, scales,
            packed.start)
          skiff_qc8w_conv(&shape, source, packed.start, &form, part, result, scratch.start)
        }
      }
      #expect(results.allSatisfy { $0 == results[0] }, "\(seed), \(number): \(shape) \(form)")
    }
  }

  @Test(arguments: Seed.fixedAndFresh, [false, true])
  func exactSums(seed: Seed, isDepthwise: Bool) throws {
    var generator = SeededGenerator(seed)
    for number in 0..<400 {
      guard let shape = shape(&generator, isDepthwise: isDepthwise) else { continue }
      let counts = counts(shape)
      let input = try GuardedMemory(generator.integers(counts.input, in: -255...255) as [Int16])
      let weights = try GuardedMemory(generator.integers(counts.weights, in: -255...255) as [Int16])
      let bias = try GuardedMemory(generator.integers(counts.outputs, in: -10_000...10_000) as [Int32])
      let parts = generator.integer(1...3)
      // The depthwise one has the level of the process.
      var results: [[Int32]] = []
      try inAllForms {
        results += try self.results(shape, parts: parts, as: Int32.self) { shape, part, result in
          var shape = shape
          if isDepthwise {
            let packed = try GuardedMemory(byteCount: skiff_x16_dwconv_packed_size(&shape))
            skiff_x16_dwconv_pack(
              &shape, weights.pointer(Int16.self), strides(shape), bias.pointer(Int32.self), packed.start)
            skiff_x16_dwconv(&shape, input.pointer(Int16.self), packed.start, part, result)
            return
          }
          let packed = try GuardedMemory(byteCount: skiff_x16_conv_packed_size(&shape))
          let scratch = try GuardedMemory(byteCount: skiff_x16_conv_scratch_size(&shape))
          skiff_x16_conv_pack(
            &shape, weights.pointer(Int16.self), strides(shape), bias.pointer(Int32.self), packed.start)
          skiff_x16_conv(&shape, input.pointer(Int16.self), packed.start, part, result, scratch.start)
        }
      }
      #expect(results.allSatisfy { $0 == results[0] }, "\(seed), \(number): \(shape)")
    }
  }

  /// Of small integers, with which every order of summation gives the same.
  @Test(arguments: Seed.fixedAndFresh, [false, true])
  func reals(seed: Seed, isDepthwise: Bool) throws {
    var generator = SeededGenerator(seed)
    for number in 0..<300 {
      guard let shape = shape(&generator, isDepthwise: isDepthwise) else { continue }
      let counts = counts(shape)
      let numbers = { (count: Int, generator: inout SeededGenerator) in
        try GuardedMemory((generator.integers(count, in: -4...4) as [Int]).map(Float.init))
      }
      let input = try numbers(counts.input, &generator)
      let (weights, bias) = (try numbers(counts.weights, &generator), try numbers(counts.outputs, &generator))
      let results = try results(shape, parts: generator.integer(1...3), as: Float.self) {
        shape, part, result in
        var shape = shape
        let source = input.pointer(Float.self)
        if isDepthwise {
          let packed = try GuardedMemory(byteCount: skiff_f32_dwconv_packed_size(&shape))
          skiff_f32_dwconv_pack(
            &shape, weights.pointer(Float.self), strides(shape), bias.pointer(Float.self), packed.start)
          skiff_f32_dwconv(&shape, source, packed.start, -.infinity, .infinity, part, result)
        } else {
          let packed = try GuardedMemory(byteCount: skiff_f32_conv_packed_size(&shape))
          let scratch = try GuardedMemory(byteCount: skiff_f32_conv_scratch_size(&shape))
          skiff_f32_conv_pack(
            &shape, weights.pointer(Float.self), strides(shape), bias.pointer(Float.self), packed.start)
          skiff_f32_conv(&shape, source, packed.start, -.infinity, .infinity, part, result, scratch.start)
        }
      }
      #expect(results.allSatisfy { $0 == results[0] }, "\(seed), \(number): \(shape)")
    }
  }
}
