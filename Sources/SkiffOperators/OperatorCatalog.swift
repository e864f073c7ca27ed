import SkiffIR

extension OperatorCatalog {
  /// Every operator that Skiff has.
  public static let standard = OperatorCatalog([
    Add.self,
    BatchNormalization.self,
    AveragePool.self,
    Convolution.self,
    Dequantize.self,
    Divide.self,
    ForeignOperator.self,
    FullyConnected.self,
    MatrixMultiply.self,
    MaxPool.self,
    Multiply.self,
    Quantize.self,
    Relu.self,
    Reshape.self,
    Sigmoid.self,
    Subtract.self,
    Tanh.self,
    Transpose.self,
  ])
}
