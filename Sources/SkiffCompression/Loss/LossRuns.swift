import SkiffBinary
import SkiffIR
import SkiffInterpreter

/// A graph that computes derivatives of a loss.
protocol SampledLoss: Sendable {
  /// What is run.
  var plan: Plan { get }
  /// What the loss looks at.
  var outputs: LossOutputs { get }
}

/// The runs that derivatives of a loss are looked at in: one for each sample with labels, else one for each draw of signs, which are
/// the same every time.
struct LossRuns<Loss: SampledLoss>: Sendable {
  private let samples: [[String: Tensor]]
  private let labels: [Int]?
  private let losses: [[String: [Int]]: Loss]
  /// The first label of each sample.
  private let firstLabels: [Int]

  /// How many estimates are made of the curvature at a sample.
  private var draws: Int { labels == nil ? 8 : 1 }

  /// - Parameters:
  ///   - labels: The class of each row of the first output, sample by sample; nil: the loss is the divergence from the model itself.
  ///   - loss: Makes the loss for inputs of some sizes.
  /// - Throws: ``ModelError/Code/invalidArgument`` for labels that are no classes, and for more or fewer than there are rows.
  init(
    _ samples: [[String: Tensor]], labels: [Int]?, loss: ([String: [Int]]) throws(ModelError) -> Loss
  ) throws(ModelError) {
    (self.samples, self.labels) = (samples, labels)
    var losses: [[String: [Int]]: Loss] = [:]
    var (row, firstLabels) = (0, [Int]())
    for sample in samples {
      let shapes = sample.mapValues(\.shape)
      let own = if let known = losses[shapes] { known } else { try loss(shapes) }
      losses[shapes] = own
      firstLabels.append(row)
      guard let labels else { continue }
      let end = row + own.outputs.rowCount
      guard end <= labels.count else {
        throw ModelError(
          .invalidArgument, "there are \(labels.count) labels, and more rows of the model's first output")
      }
      if let error = own.outputs.firstWrong(labels[row..<end]) { throw error }
      row = end
    }
    guard row == labels?.count ?? 0 else {
      throw ModelError(
        .invalidArgument,
        "there are \(labels?.count ?? 0) labels, but \(row) rows of the model's first output")
    }
    (self.losses, self.firstLabels) = (losses, firstLabels)
  }

  /// How many there are.
  var count: Int { samples.count * draws }

  /// The most workers that can share them: states go from each sample to the next.
  var mostWorkers: Int {
    let keepsStates = losses.values.contains { !$0.plan.graph.states.isEmpty }
    return keepsStates ? 1 : max(1, samples.count)
  }

  /// Does those of a worker: of every so many samples one, all draws of which one worker does.
  ///
  /// - Parameter body: Gets the number of the sample, and what a run returned.
  func run(
    worker: Int = 0, of workers: Int = 1,
    _ body: (_ sample: Int, _ loss: Loss, _ results: [String: Tensor]) throws(ModelError) -> Void
  ) throws(ModelError) {
    var sessions: [[String: [Int]]: Session] = [:]
    for draw in 0..<draws {
      for session in sessions.values { session.reset() }
      for index in stride(from: worker, to: samples.count, by: workers) {
        let shapes = samples[index].mapValues(\.shape)
        guard let loss = losses[shapes] else { continue }
        let session = sessions[shapes] ?? Session(loss.plan)
        sessions[shapes] = session
        let told =
          if let labels {
            try loss.outputs.target(labels[firstLabels[index]..<firstLabels[index] + loss.outputs.rowCount])
          } else {
            try loss.outputs.signs(seed: UInt64(index * draws + draw))
          }
        try body(index, loss, session.run(samples[index].merging(told) { $1 }))
      }
    }
  }
}
