import SkiffBinary

extension InferenceContext {
  /// The elements of the first result of an operator on integers whose operands are all known, nil if one is not.
  ///
  /// This makes any such operator take part in computing shapes.
  func evaluated(_ operator: any Operator, _ result: TensorType?) -> [Shape.Dimension]? {
    guard let kernel = `operator` as? any ReferenceKernel, let result, !result.isQuantized,
      result.dataType.isInteger || result.dataType == .boolean,
      result.shape.elementCount ?? .max <= Constant.smallCount
    else { return nil }
    var inputs: [Tensor?] = []
    for index in 0..<count {
      guard has(index) else {
        inputs.append(nil)
        continue
      }
      guard let numbers = integers(index), let type = optionalType(index), !type.isQuantized,
        let sizes = type.shape.fixed, sizes.checkedProduct() == numbers.count
      else { return nil }
      do throws(ModelError) {
        inputs.append(try Tensor(integers: numbers, as: type.dataType, shape: sizes))
      } catch { return nil }
    }
    do throws(ModelError) {
      return try kernel.evaluate(inputs).first?.integers().map { .fixed($0) }
    } catch { return nil }
  }
}
