/// How important a channel is.
public enum ChannelRanking: String, Hashable, Sendable, CaseIterable {
  /// The sum of the magnitudes of the weights that make it (Li and others, "Pruning Filters for Efficient ConvNets", 2017).
  case l1
  /// The square root of the sum of the squares of the weights that make it.
  case l2
  /// The mean magnitude of its activations on samples, where they are used.
  case activation
  /// The share of its activations on samples that are not zero, where they are used (Hu and others, "Network Trimming",
  /// 2016: the average percentage of zeros is what is missing to 1).
  case apoz
  /// The energy of what it adds to the sums it is used in, on samples: its mean square times the squares of the weights that
  /// it meets there. It is how much the squared error of these sums grows without it, if channels are independent.
  case contribution
  /// What the loss would change by without it, to first order, squared, on samples (Molchanov and others, 2019): of the
  /// cross-entropy where there are labels, else of the divergence from the model's own predictions.
  case taylor

  /// Whether it is found from samples.
  public var needsSamples: Bool {
    switch self {
    case .l1, .l2: false
    case .activation, .apoz, .contribution, .taylor: true
    }
  }
}
