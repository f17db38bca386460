// Written by tools/message_types.py: do not edit.

declare namespace Draw {
  interface Layer {
    number: number;
    activation: string;
    a: string;
  }
  interface NeuronSeen {
    drawing: number;
    layer: number;
    neuron: number;
    activation: string;
    z: number;
    a: number;
    bias: number;
    sum: number;
    weights: string;
    products: string;
    terms: Draw.TermSeen[];
    rest: number;
    rest_count: number;
    formula: string;
  }
  interface Preparation {
    box: [number, number, number, number];
    scale: number;
    placed: [number, number, number, number];
    centre: [number, number];
    shift: [number, number];
  }
  interface Seen {
    drawing: number;
    digit: number | null;
    confidence: number;
    refused: string;
    probabilities: number[];
    pixels: string;
    preparation: Draw.Preparation | null;
    layers: Draw.Layer[];
    kept: number | null;
  }
  interface TermSeen {
    k: number;
    w: number;
    a: number;
    product: number;
  }
  interface AskNeuron {
    drawing: number;
    layer: number;
    neuron: number;
  }
  interface Keep {
    drawing: number;
    label: number | null;
  }
  interface PadSeen {
    turn: number;
    seen: Draw.Seen;
    kind: "seen";
  }
}

declare namespace Train {
  interface _Brought {
    before: Train._Counts | null;
    after: Train._Counts | null;
  }
  interface _Count {
    accuracy: number | null;
    right: number;
    images: number;
    interval: number[] | null;
  }
  interface _Counts {
    held_out: Train._Count;
    own: Train._Count;
    validation: Train._Count;
    test: Train._Count;
  }
  interface NetworkImages {
    weights: string;
    neurons: number;
    most: number;
    images: string;
    wrong: [number, number, number][];
  }
  interface LayerMeasured {
    number: number;
    gradient: number;
    saturated: number;
    dead: number;
  }
  interface Now {
    step: number;
    epoch: number;
    cost: number | null;
    rate: number;
    speed: number;
  }
  interface Point {
    step: number;
    epoch: number;
    cost: number | null;
    train_cost: number;
    train_accuracy: number;
    validation_cost: number | null;
    validation_accuracy: number | null;
    whole: boolean;
    rate: number;
    speed: number;
    layers: Train.LayerMeasured[];
    guess: number;
  }
  interface AskCourse {
    run: string;
    pixels?: string | null;
  }
  interface AskMoment {
    run: string;
    step: number;
    pixels?: string | null;
  }
  interface Begin {
    wish: Train.TrainingRequest;
    goal?: "run" | "epoch" | "batch" | "pause";
    name?: string;
  }
  interface Delete {
    run: string;
  }
  interface Do {
    run: string;
    goal: "run" | "epoch" | "batch" | "pause" | "stop";
  }
  interface GoOn {
    run: string;
    goal?: "run" | "epoch" | "batch" | "pause";
    more?: number;
    learning_rate?: number | null;
  }
  interface Rename {
    run: string;
    name: string;
  }
  interface _Changed {
    run: string;
  }
  interface Run {
    id: string;
    folder: string;
    name: string;
    created: number;
    settings: any;
    lesson: any | null;
    status: string;
    sentence: string;
    progress: Record<string, any>;
    shape: Record<string, any>;
    look: Record<string, any> | null;
    process: any | null;
    reader: any | null;
    damage: string;
    holder: string | null;
    written: number;
    _points: Train.Point[] | null;
  }
  interface Finding {
    name: string;
    title: string;
    sentence: string;
    mends: Train.Mend[];
  }
  interface Mend {
    label: string;
    changes: Record<string, any>;
    anew: boolean;
  }
  interface Look {
    shown: number;
    neurons: number;
    most: number;
    n_in: number;
    wrong: number[][];
    weights: string;
    images: string;
  }
  interface Course {
    steps: number[];
    probabilities: string;
  }
  interface Moment {
    step: number;
    weights: string;
    shown: number;
    neurons: number;
    n_in: number;
    most: number;
    layers: Draw.Layer[];
    probabilities: number[] | null;
    pixels: string | null;
  }
  interface Control {
    name: string;
    label: string;
    sentence: string;
    kind: string;
    group: string;
    default: any;
    choices: string[];
    least: number | null;
    most: number | null;
    step: number | null;
    more: boolean;
    live: boolean;
    automatic: string;
  }
  interface OwnDigits {
    source: string;
    share: number;
    rehearsed: number;
  }
  interface TrainingRequest {
    dataset: "mnist" | "fashion-mnist" | "kmnist" | "emnist-digits" | "qmnist";
    images: number | null;
    representation: "as-is" | "upright" | "width-20" | "width-16" | "width-13" | "width-10" | "strokes" | "strokes-20" | "strokes-16" | "strokes-13" | "strokes-10";
    full: boolean;
    hidden: number[];
    activation: "identity" | "sigmoid" | "tanh" | "relu" | "leaky-relu" | "silu" | "gelu" | "softmax" | ("identity" | "sigmoid" | "tanh" | "relu" | "leaky-relu" | "silu" | "gelu" | "softmax")[];
    cost: "quadratic" | "cross-entropy" | "softmax";
    initializer: "normal" | "lecun_normal" | "glorot" | "he" | null;
    optimizer: "sgd" | "momentum" | "nesterov" | "rmsprop" | "adam" | "adamw";
    learning_rate: number | null;
    momentum: number | null;
    beta1: number | null;
    beta2: number | null;
    rho: number | null;
    epsilon: number | null;
    batch_size: number;
    epochs: number;
    schedule: "constant" | "step" | "halve-on-plateau" | "cosine" | "one-cycle";
    warm_up: number;
    plateau_patience: number;
    patience: number | null;
    clip_norm: number | null;
    backprop_fraction: number;
    ema_decay: number;
    seed: number;
    weight_decay: number;
    dropout: number | number[];
    l1: number;
    label_smoothing: number;
    anneal_augmentation: number;
    outliers: number;
    augmentation: any | null;
    recipe: string;
    about: string;
    committee: number | null;
    own: Train.OwnDigits | null;
  }
}

declare namespace Backprop {
  interface Closeup {
    step: string;
    layer: number;
    neuron: number;
    source: number;
    says: string;
    lines: Backprop.Line[];
    value: number;
    quantity: string;
    terms: Backprop.TermSeen[];
    columns: Backprop.Line[];
    terms_from: number | null;
    rest: number;
    rest_count: number;
    offset: number | null;
    factor: number | null;
    panels: Backprop.Panel[];
    curve: number[][];
  }
  interface Line {
    what: string;
    mathml: string;
  }
  interface Panel {
    title: string;
    quantity: string;
    layer: number;
    values: string;
  }
  interface TermSeen {
    index: number;
    left: number;
    right: number;
    product: number;
  }
  interface LayerSeen {
    number: number;
    size: number;
    activation: string;
    a: string;
    z: string | null;
    delta: string | null;
    weights: string | null;
  }
  interface Moved {
    cost: number;
    output: number[];
    prediction: number;
  }
  interface Picture {
    network: string;
    progress: number;
    title: string;
    image: string;
    label: number;
    prediction: number;
    class_names: string[];
    cost: number;
    cost_name: string;
    output: number[];
    costs: number[];
    before: number[];
    pixels: string;
    layers: Backprop.LayerSeen[];
    steps: any[];
    neurons: number[];
    source: number;
  }
  interface Verified {
    analytic: number;
    numeric: number | null;
    digits: number;
    analytic_text: string;
    numeric_text: string;
    agreeing: number;
    step: number;
    cost_up: number;
    cost_down: number;
    says: string;
  }
  interface View {
    network: string;
    image: string;
    label: number | null;
    rates: number[];
    mistake: string | null;
  }
  interface Broken {
    mistake: string;
    answer: number;
    why: string;
    caught: string;
    laboratory: string;
    checks: Backprop.Checked[];
    layers: Backprop.LayerState[];
    wrong: Backprop.Curve;
    right: Backprop.Curve;
    twice: Backprop.Curve | null;
  }
  interface Checked {
    array: string;
    wrong_error: number;
    right_error: number;
    analytic: number;
    numeric: number;
  }
  interface Curve {
    steps: number[];
    costs: number[];
    accuracies: number[];
  }
  interface LayerState {
    layer: number;
    wrong_saturated: number;
    right_saturated: number;
    wrong_error: number;
    right_error: number;
  }
  interface Answer {
    index: number;
    why: string;
    caught: string;
  }
  interface Question {
    mistake: string;
    title: string;
    wrong: string;
    right: string;
    story: string;
    choices: string[];
    switchable: boolean;
  }
  interface AskBroken {
    mistake: string;
  }
  interface AskCloseup {
    seen: Backprop.Seen;
    step: string;
    layer: number;
    neuron: number;
    source: number;
    rate: number;
  }
  interface AskMove {
    seen: Backprop.Seen;
    rate: number;
  }
  interface AskVerify {
    seen: Backprop.Seen;
    layer: number;
    neuron: number;
    source: number | null;
  }
  interface Find {
    kind: "random" | "misread";
    network: string;
    digit?: number | null;
    after?: number;
  }
  interface Seen {
    network: string;
    image: string;
    label?: number | null;
    rates?: number[];
    mistake?: string | null;
  }
  interface Step {
    name: string;
    label: string;
    title: string;
    phase: string;
    layer: number | null;
  }
  interface Built {
    hidden: number[];
    activation: string;
    cost: string;
    fresh: boolean;
  }
  interface Offered {
    network: string;
    title: string;
  }
}

declare namespace Playground {
  interface Costs {
    training: number;
    held: number;
    training_accuracy: number;
    held_accuracy: number;
  }
  interface AddPoint {
    kind: "add";
    x: number[];
    y: number;
  }
  interface Change {
    kind: "change";
    name: "rate" | "batch" | "l1" | "l2";
    value: number;
  }
  interface Do {
    kind: "do";
    what: "example" | "batch" | "epoch";
  }
  interface Open {
    kind: "open";
    tab: string;
    settings: Playground.Settings;
    did?: string;
    again?: boolean;
    points?: boolean;
  }
  interface Pause {
    kind: "pause";
  }
  interface RemovePoint {
    kind: "remove";
    point: number;
  }
  interface Run {
    kind: "run";
    speed?: "slow" | "normal" | "fast";
  }
  interface SetParameter {
    kind: "set";
    layer: number;
    neuron: number;
    below: number | null;
    value: number;
  }
  interface Did {
    kind: string;
    value: number;
    at: number[];
  }
  interface Preset {
    name: string;
    look: string;
    settings: Playground.Settings;
  }
  interface Settings {
    data: "circles" | "moons" | "spirals" | "xor" | "clusters" | "wave" | "step" | "bend" | "line" | "dog";
    points: number;
    noise: number;
    held: number;
    hidden: number[];
    activation: "identity" | "sigmoid" | "tanh" | "relu" | "leaky-relu" | "silu" | "gelu";
    optimizer: "sgd" | "momentum" | "adam";
    rate: number;
    batch: number;
    l1: number;
    l2: number;
    seed: number;
  }
}

declare namespace Evaluate {
  interface MapSeen {
    places: string;
    shares: number[];
    at: number[];
    labels: number[];
    said: number[];
    done: true;
  }
  interface CellSeen {
    count: number;
    start: number;
    pictures: Evaluate.PictureSeen[];
  }
  interface ClassSeen {
    name: string;
    images: number;
    said: number;
    right: number;
    precision: number | null;
    recall: number | null;
    f1: number | null;
  }
  interface LayerOffered {
    number: number;
    activation: string;
    size: number;
  }
  interface PictureSeen {
    at: number;
    label: number;
    said: number;
    confidence: number;
    second: number;
    second_confidence: number;
    pixels: string;
  }
  interface Rejections {
    svg: string;
    x: [number, number];
    y: [number, number];
    box: [number, number, number, number];
    thresholds: string;
    accepted: string;
    wrong: string;
  }
  interface Result {
    title: string;
    dataset: string;
    layers: Evaluate.LayerOffered[];
    cost_name: string;
    parameters: number;
    images: number;
    accuracy: number;
    interval: [number, number];
    wrong: number;
    cost: number;
    confusion: number[][];
    classes: Evaluate.ClassSeen[];
    temperature: number;
    calibration_error: number;
    over: number;
    calibration_svg: string;
    counts_svg: string;
    rejections: Evaluate.Rejections;
    changes: Evaluate.ChangeOffered[];
    tsne: boolean;
    done: true;
  }
  interface ChangeOffered {
    name: string;
    unit: string;
    least: number;
    most: number;
    step: number;
    harmless: number;
  }
  interface Changed {
    measured: Evaluate.Measured | null;
    at: number[];
    labels: number[];
    said: number[];
    confidence: number[];
    pixels: string;
  }
  interface CurveSeen {
    name: string;
    amounts: number[];
    accuracy: number[];
  }
  interface CurvesSeen {
    curves: Evaluate.CurveSeen[];
    done: true;
  }
  interface Measured {
    right: number;
    images: number;
    accuracy: number;
    interval: [number, number];
  }
  interface ModelOffered {
    id: string;
    title: string;
  }
  interface ReportMade {
    bytes: number;
    done: true;
  }
  interface Amounts {
    rotation?: number;
    shift?: number;
    scale?: number;
    noise?: number;
    blur?: number;
    thickness?: number;
  }
  interface AskCell {
    model: string;
    label: number;
    said: number;
    start?: number;
    most?: number;
  }
  interface AskImages {
    model: string;
    at: number[];
  }
  interface AskMap {
    model: string;
    layer: number;
    method?: "pca" | "tsne";
  }
  interface AskMistakes {
    model: string;
    start?: number;
    most?: number;
  }
  interface AskModel {
    model: string;
  }
  interface Change {
    model: string;
    turn: number;
    amounts: Evaluate.Amounts;
    measure?: boolean;
  }
}
