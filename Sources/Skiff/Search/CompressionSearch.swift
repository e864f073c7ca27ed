import SkiffBinary
import SkiffCompression
import SkiffEdge
import SkiffIR

/// The search for the smallest `.skiff` file at a stated loss, or for the least loss at a stated size.
///
/// A recipe says what is done; the search finds what each tensor of weights becomes in its step `weights`. It measures once what
/// each technique by itself takes and costs each tensor, orders plans by that (``PlanPath``), and makes and measures whole
/// files to find the last plan on that path that keeps the budget, then single steps beyond it.
///
/// There is no chance in it: the same model, data and recipe give the same file, with however many interruptions.
public struct CompressionSearch: Sendable {
  /// What a plan must keep.
  public enum Budget: Hashable, Sendable {
    /// The smallest file that is no more than so much worse by the measure.
    case loss(Double)
    /// The file of at most so many bytes that is least worse.
    case bytes(Int)
  }

  /// The recipe's text, with a step `weights`.
  public var recipe: String
  /// What the recipe is called.
  public var recipeName: String
  /// What a plan must keep.
  public var budget: Budget
  /// What models are judged by.
  public var measure: Measure
  /// What the models are judged on.
  public var samples: Samples
  /// What the recipe's steps look at.
  public var calibration: Samples
  /// Whether names are left out of the files.
  public var stripsNames = false
  /// How long may be searched; nil for as long as it takes. What is found then depends on the machine.
  public var timeLimit: Duration?
  /// The most samples on which single tensors are measured.
  public var sensitivitySamples = 64

  /// Creates a search.
  public init(
    recipe: String, name: String, budget: Budget, measure: Measure, samples: Samples, calibration: Samples
  ) {
    (self.recipe, recipeName, self.budget, self.measure) = (recipe, name, budget, measure)
    (self.samples, self.calibration) = (samples, calibration)
  }

  /// A plan that was made and measured.
  public struct Candidate: Hashable, Sendable {
    /// The bytes of the file.
    public let bytes: Int
    /// How much worse it is.
    public let loss: Double
    /// What each tensor becomes, by its name, in the language of recipes.
    public let settings: [Setting]

    /// What a tensor becomes.
    public struct Setting: Hashable, Sendable {
      /// The name of the tensor, or of a node that uses it.
      public let name: String
      /// Settings as a recipe has them.
      public let text: String

      package init(name: String, text: String) { (self.name, self.text) = (name, text) }
    }

    package init(bytes: Int, loss: Double, settings: [Setting]) {
      (self.bytes, self.loss, self.settings) = (bytes, loss, settings)
    }
  }

  /// What was found.
  public struct Outcome: Sendable {
    /// The recipe that makes the best file.
    public let recipe: String
    /// The best file.
    public let best: Candidate
    /// All files that were made, in the order in which they were.
    public let candidates: [Candidate]
    /// Whether the time was over before the search was.
    public let isCutShort: Bool
    /// What the source scores itself, percent of the rows or what a command counts; nil for a measure that compares.
    public let sourceScore: Double?
  }

  /// Searches.
  ///
  /// - Parameters:
  ///   - journal: A file that keeps what was measured: a search that finds it there goes on with it.
  ///   - progress: Told of each measurement.
  /// - Throws: ``ModelError/Code/checkFailed`` if no plan keeps the budget.
  public func run(
    on model: Model, journal: String, progress: WorkProgress.Observer? = nil
  ) throws(ModelError) -> Outcome {
    let template = try RecipeTemplate(text: recipe, name: recipeName)
    var subject =
      "\(SkiffVersion.current)\n\(recipe)\n\(measure.name)\n\(stripsNames) \(sensitivitySamples)\n"
    subject += "\(try model.source.semanticDigest()) \(samples.digest) \(calibration.digest)"
    let trial = try SearchTrial(
      search: self, template: template, model: model,
      journal: SearchJournal(path: journal, subject: Digest(of: Array(subject.utf8))), progress: progress)
    return try trial.outcome(budget)
  }
}
