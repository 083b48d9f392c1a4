# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# What every method is expected to reach on the shipped model: ROWS maps a name to a recipe and a perplexity on the 600 windows of
# val600.bin. The perplexities are those of an independent implementation in PyTorch of the same definitions, with scales in f32;
# a row that is worse by more than its tolerance is a bug in one of the two.
import itertools
import math

# A method may be better than the reference. Worse by 1% in perplexity is too much; definitions that leave no freedom are held to less.
TOLERANCE = 1e-2
EXACT_TOLERANCE = 3e-3
FLOAT_TOLERANCE = 1e-4

FLOAT_LAYERS = ["lm_head", "*embed_tokens"]
FOLD = "quench-fold-weights"
QUANTIZE = "quench-quantize"
CALIBRATED = ["quench-insert-observers", "quench-calibrate"]


class Row:
    """A recipe, the perplexity to reach, and whether the definition is free of choices."""

    def __init__(self, perplexity, exact=False, passes=(), weights=None, activations=None, cache=None, layers=None):
        self.perplexity = perplexity
        self.tolerance = EXACT_TOLERANCE if exact else TOLERANCE
        self.exact = exact
        rules = [{"match": "{" + ",".join(FLOAT_LAYERS) + "}", "weights": "none", "activations": "none"}]
        self.recipe = {
            "weights": weights or "none",
            "activations": activations or "none",
            "passes": [*passes, QUANTIZE],
            "layers": rules + (layers or []),
        }
        if cache:
            self.recipe["cache"] = cache

    def verdict(self, perplexity):
        """Whether a measured perplexity is good enough."""
        deviation = perplexity / self.perplexity - 1
        if not math.isfinite(deviation):
            return False
        return abs(deviation) <= self.tolerance if self.exact else deviation <= self.tolerance


def integer(bits, group="channel", asymmetric=False, **more):
    """An integer weight format."""
    weights = {"type": f"{'ui' if asymmetric else 'i'}{bits}", "group": group, "scale": "f32", **more}
    if asymmetric:
        weights["zero_point"] = True
    return weights


def dynamic(bits, **more):
    """Symmetric activations, scaled per token at run time."""
    return {"type": f"i{bits}", "scale": "dynamic", "per": "token", **more}


STATIC = {"type": "i8", "scale": "static", "per": "tensor"}
ROWS = {}


def round_to_nearest():
    ROWS["fp32"] = Row(4.0519463, exact=True)
    ROWS["fp32"].tolerance = FLOAT_TOLERANCE
    for name, perplexity, weights in [
        ("w8_pc", 4.0513, integer(8)),
        ("w6_pc", 4.0509, integer(6)),
        ("w4_pc", 4.2042, integer(4)),
        ("w4_pc_asym", 4.2151, integer(4, asymmetric=True)),
        ("w4_pc_mse", 4.1702, integer(4, range="mse")),
        ("w4_pc_asym_mse", 4.1397, integer(4, asymmetric=True, range="mse")),
        ("w4_g128_sym", 4.2136, integer(4, 128)),
        ("w4_g128_sym_mse", 4.1335, integer(4, 128, range="mse")),
        ("w4_g128_asym", 4.1400, integer(4, 128, asymmetric=True)),
        ("w4_g128_asym_mse", 4.1453, integer(4, 128, asymmetric=True, range="mse")),
        ("w4_g64_sym", 4.1044, integer(4, 64)),
        ("w4_g64_sym_mse", 4.0928, integer(4, 64, range="mse")),
        ("w4_g64_asym", 4.1488, integer(4, 64, asymmetric=True)),
        ("w4_g64_asym_mse", 4.1081, integer(4, 64, asymmetric=True, range="mse")),
        ("w4_g32_sym", 4.1098, integer(4, 32)),
        ("w4_g32_sym_mse", 4.1125, integer(4, 32, range="mse")),
        ("w4_g32_asym", 4.1012, integer(4, 32, asymmetric=True)),
        ("w4_g32_asym_mse", 4.1060, integer(4, 32, asymmetric=True, range="mse")),
        ("w4_g64_sym_half", 4.1264, integer(4, 64, range="half-step")),
        ("w4_g64_sym_f16s", 4.1042, {**integer(4, 64), "scale": "f16"}),
        ("w3_pc", 5.2433, integer(3)),
        ("w3_g64_sym", 5.3906, integer(3, 64)),
        ("w3_g64_sym_mse", 4.4765, integer(3, 64, range="mse")),
        ("w3_g64_asym", 4.7631, integer(3, 64, asymmetric=True)),
        ("w3_g64_asym_mse", 4.4037, integer(3, 64, asymmetric=True, range="mse")),
        ("w2_g16_asym", 7.9904, integer(2, 16, asymmetric=True)),
        ("w2_g16_asym_mse", 13.3976, integer(2, 16, asymmetric=True, range="mse")),
        ("w2_g64_asym", 16.3177, integer(2, 64, asymmetric=True)),
        ("nf4_g64", 4.1155, {"type": "nf4", "group": 64, "scale": "f32"}),
        ("fp4_g64", 4.1234, {"type": "f4E2M1FN", "group": 64, "scale": "f32"}),
        ("fp4_g32", 4.0870, {"type": "f4E2M1FN", "group": 32, "scale": "f32"}),
        ("fp4_pc", 4.1356, {"type": "f4E2M1FN", "group": "channel", "scale": "f32"}),
        ("mxfp4", 4.1768, {"type": "f4E2M1FN", "group": 32, "scale": {"type": "f8E8M0FNU", "rule": "floor"}}),
        ("mxfp4_ceil", 4.1752, {"type": "f4E2M1FN", "group": 32, "scale": {"type": "f8E8M0FNU", "rule": "rceil"}}),
        ("nvfp4", 4.0988, {"type": "f4E2M1FN", "group": 16, "scale": {"type": "f8E4M3FN", "group": "tensor", "scale": "f32"}}),
        ("mxfp8", 4.0530, {"type": "f8E4M3FN", "group": 32, "scale": {"type": "f8E8M0FNU", "rule": "floor"}}),
        ("mxfp8_ceil", 4.0510, {"type": "f8E4M3FN", "group": 32, "scale": {"type": "f8E8M0FNU", "rule": "rceil"}}),
        ("ternary", 31.9115, {"type": "i2", "codes": [-1, 1], "group": "tensor", "scale": "f32", "range": "absmean"}),
    ]:
        ROWS[name] = Row(perplexity, exact=True, weights=weights)
    embedding = {"match": "*embed_tokens", "weights": integer(8)}
    head4 = {"match": "lm_head", "weights": integer(4, 64)}
    ROWS["w8_pc_all"] = Row(
        4.1251, exact=True, weights=integer(8), layers=[embedding, {"match": "lm_head", "weights": integer(8)}]
    )
    ROWS["w4_g64_head4"] = Row(4.1207, exact=True, weights=integer(4, 64), layers=[head4])
    ROWS["w4_g64_head4_emb8"] = Row(4.2330, exact=True, weights=integer(4, 64), layers=[head4, embedding])
    ROWS["w4_g64_head4_emb4"] = Row(
        46.6381, weights=integer(4, 64), layers=[head4, {"match": "*embed_tokens", "weights": integer(4, 64)}]
    )


def gptq(**options):
    """The pass with its options, as the textual pipeline syntax has them."""
    text = " ".join(f"{key.replace('_', '-')}={str(value).lower()}" for key, value in options.items())
    return f"quench-gptq{{{text}}}" if text else "quench-gptq"


def gptq_rows():
    order = {"activation_order": True}
    static = {"activation_order": True, "static_groups": True}
    for name, perplexity, weights, options in [
        ("gptq4_pc", 4.1124, integer(4), {}),
        ("gptq4_pc_ao", 4.0626, integer(4), order),
        ("gptq4_pc_mse", 4.1542, integer(4, range="mse"), {}),
        ("gptq4_pc_mse_ao", 4.0696, integer(4, range="mse"), order),
        ("gptq4_g128", 4.0754, integer(4, 128), {}),
        ("gptq4_g128_ao", 4.0663, integer(4, 128), order),
        ("gptq4_g128_aos", 4.0622, integer(4, 128), static),
        ("gptq4_g64", 4.0756, integer(4, 64), {}),
        ("gptq4_g64_ao", 4.0625, integer(4, 64), order),
        ("gptq4_g64_aos", 4.0611, integer(4, 64), static),
        ("gptq4_g64_asym", 4.0780, integer(4, 64, asymmetric=True), {}),
        ("gptq4_g64_asym_ao", 4.0577, integer(4, 64, asymmetric=True), order),
        ("gptq4_g64_mse", 4.1025, integer(4, 64, range="mse"), {}),
        ("gptq4_g64_ts", 4.0731, integer(4, 64), {"sequential": "layer"}),
        ("gptq3_g64", 4.3867, integer(3, 64), {}),
        ("gptq3_g64_ao", 4.1311, integer(3, 64), order),
        ("gptq3_g64_aos", 4.1438, integer(3, 64), static),
        ("gptq3_g64_asym", 4.3922, integer(3, 64, asymmetric=True), {}),
        ("gptq3_g64_asym_ao", 4.0686, integer(3, 64, asymmetric=True), order),
        ("gptq3_g64_asym_mse_ao", 4.1550, integer(3, 64, asymmetric=True, range="mse"), order),
        ("gptq3_g64_ts", 4.3651, integer(3, 64), {"sequential": "layer"}),
        ("gptq2_g16_asym", 5.7754, integer(2, 16, asymmetric=True), {}),
    ]:
        ROWS[name] = Row(perplexity, weights=weights, passes=[gptq(**options)])


def awq_rows():
    scale = "quench-scale-salient"
    linear = "quench-scale-salient{loss=linear}"
    clip = "quench-clip-weights"
    for name, perplexity, weights, passes in [
        ("awq4_g64_asym", 4.0606, integer(4, 64, asymmetric=True), [scale, FOLD, clip]),
        ("awq4_g64_asym_scale", 4.0660, integer(4, 64, asymmetric=True), [scale, FOLD]),
        ("awq4_g64_asym_clip", 4.1383, integer(4, 64, asymmetric=True), [clip]),
        ("awq4_g64_asym_lin", 4.0662, integer(4, 64, asymmetric=True), [linear, FOLD, clip]),
        ("awq4_g64_sym", 4.0790, integer(4, 64), [scale, FOLD, clip]),
        ("awq_gptq4_g64", 4.0598, integer(4, 64), [scale, FOLD, gptq()]),
        ("awq3_g64_asym", 4.1346, integer(3, 64, asymmetric=True), [scale, FOLD, clip]),
        ("awq3_g64_asym_scale", 4.1712, integer(3, 64, asymmetric=True), [scale, FOLD]),
        ("awq3_g64_asym_clip", 4.3480, integer(3, 64, asymmetric=True), [clip]),
        ("awq3_g64_asym_lin", 4.1494, integer(3, 64, asymmetric=True), [linear, FOLD, clip]),
        ("awq3_g64_sym", 4.2374, integer(3, 64), [scale, FOLD, clip]),
        ("awq_gptq3_g64", 4.1045, integer(3, 64), [scale, FOLD, gptq()]),
    ]:
        ROWS[name] = Row(perplexity, weights=weights, passes=passes)


def annotate(method):
    """Ranges of static activations by one of the calibrators."""
    options = {"minmax": "method=minmax", "ema": "method=moving-average", "mse": "method=mse", "entropy": "method=entropy",
               "entropy_nv": "method=entropy-nvidia", "p99.9": "method=percentile percentile=99.9",
               "p99.99": "method=percentile percentile=99.99"}
    return f"quench-annotate-calibration{{{options[method]}}}"


def static_passes(method, *before):
    return [*before, *CALIBRATED, annotate(method)]


def smooth(alpha, everywhere):
    taps = " inputs=all" if everywhere else ""
    return ["quench-insert-observers", f"quench-smooth{{alpha={alpha}{taps}}}", FOLD]


def activation_rows():
    plain = {"minmax": 6.6810, "ema": 4.9379, "p99.9": 4.2140, "p99.99": 4.1553, "mse": 4.5856, "entropy": 23.1973,
             "entropy_nv": 22.9308}
    for method, perplexity in plain.items():
        ROWS[f"w8a8_{method}"] = Row(
            perplexity, exact=method == "minmax", weights=integer(8), activations=STATIC, passes=static_passes(method)
        )
    ROWS["w8a8_dyn"] = Row(4.1134, exact=True, weights=integer(8), activations=dynamic(8))
    methods = ["minmax", "ema", "p99.9", "p99.99", "mse", "entropy", "dyn"]
    smoothed = {
        0.5: [6.0522, 4.6190, 4.1550, 4.0796, 4.3880, 4.3732, 4.0575],
        0.6: [6.0289, 4.6007, 4.1520, 4.0784, 4.3830, 4.3680, 4.0551],
        0.7: [6.0237, 4.6139, 4.1525, 4.0775, 4.3784, 4.3710, 4.0560],
        0.8: [6.0103, 4.6030, 4.1526, 4.0781, 4.3769, 4.3723, 4.0557],
        0.9: [6.0414, 4.6151, 4.1541, 4.0774, 4.3796, 4.3686, 4.0555],
    }
    everywhere = {
        0.5: [4.0938, 4.0565],
        0.6: [4.0751, 4.0549],
        0.7: [4.0718, 4.0555],
        0.8: [4.0666, 4.0566],
        0.9: [4.0883, 4.0823],
    }
    for prefix, taps, table in [("sq", False, smoothed), ("sqall", True, everywhere)]:
        for alpha, perplexities in table.items():
            for method, perplexity in zip(["minmax", "dyn"] if taps else methods, perplexities):
                before = smooth(alpha, taps)
                is_dynamic = method == "dyn"
                ROWS[f"w8a8_{method}_{prefix}{alpha}"] = Row(
                    perplexity,
                    weights=integer(8),
                    activations=dynamic(8) if is_dynamic else STATIC,
                    passes=before if is_dynamic else static_passes(method, *before),
                )
    # The reference minimizes over every eighth token, which moves one range by 4% and the perplexity by 1%: with its ranges the
    # model reaches 4.5867, and the reference with the ranges of all tokens 4.6334, as here.
    for name, row in ROWS.items():
        if name.startswith("w8a8_mse"):
            row.tolerance = 1.5e-2
    ROWS["a8_dyn"] = Row(4.1114, exact=True, activations=dynamic(8))
    ROWS["a8_minmax"] = Row(6.6866, exact=True, activations=STATIC, passes=static_passes("minmax"))
    for name, perplexity, match in [
        ("attn_in", 4.0834, "*.{q,k,v}_proj"),
        ("o_in", 4.0526, "*.o_proj"),
        ("mlp_in", 4.0775, "*.{gate,up}_proj"),
        ("down_in", 6.0285, "*.down_proj"),
        ("0.down_in", 5.9206, "*.0.mlp.down_proj"),
        ("1.down_in", 4.0696, "*.1.mlp.down_proj"),
        ("2.down_in", 4.0621, "*.2.mlp.down_proj"),
        ("3.down_in", 4.0899, "*.3.mlp.down_proj"),
    ]:
        ROWS[f"a8_minmax_only_{name}"] = Row(
            perplexity, exact=True, passes=static_passes("minmax"), layers=[{"match": match, "activations": STATIC}]
        )
    for name, perplexity, down in [("downdyn", 4.1146, dynamic(8)), ("downfp", 4.1120, "none")]:
        ROWS[f"w8a8_minmax_{name}"] = Row(
            perplexity,
            exact=True,
            weights=integer(8),
            activations=STATIC,
            passes=static_passes("minmax"),
            layers=[{"match": "*.down_proj", "activations": down}],
        )
    for threshold, perplexity in [(6, 4.0595), (3, 4.0520)]:
        ROWS[f"llm_int8_{threshold}"] = Row(
            perplexity, weights=integer(8), activations=dynamic(8, outliers=float(threshold))
        )


def rotate(*which, seed=None):
    """Rotations by name, all four when none is named."""
    options = [f"{name}=false" for name in ("r1", "r2", "r3", "r4") if which and name not in which]
    if seed is not None:
        options += ["kind=random-hadamard", f"seed={seed}"]
    return ["quench-fold-norms", f"quench-rotate{{{' '.join(options)}}}" if options else "quench-rotate", FOLD]


def cache(bits, **more):
    return {"type": f"ui{bits}", "zero_point": True, "per": "head", **more}


def rotation_rows():
    rotations = {"none": [], "had": rotate(), "rh0": rotate(seed=0), "rh1": rotate(seed=1)}
    table = {
        ("w4a4", "rtn"): {"none": 44.8544, "had": 6.1751, "rh0": 6.2561, "rh1": 6.9283},
        ("w4a4", "gptq"): {"none": 45.8245, "had": 6.1529, "rh0": 5.1890, "rh1": 5.8484},
        ("w4a4kv4", "rtn"): {"none": 43.5200, "had": 6.2357, "rh0": 6.4054, "rh1": 6.9669},
        ("w4a4kv4", "gptq"): {"none": 45.8854, "had": 6.2336, "rh0": 5.2985, "rh1": 6.1092},
        ("w4a8", "rtn"): {"none": 4.2406, "had": 4.2077, "rh0": 4.2921, "rh1": 4.2744},
        ("w4a8", "gptq"): {"none": 4.1685, "had": 4.0602, "rh0": 4.0575, "rh1": 4.0572},
        ("w6a6", "rtn"): {"none": 42.7271, "had": 4.0847, "rh0": 4.0968, "rh1": 4.0762},
        ("w6a6", "gptq"): {"none": 43.0231, "had": 4.0754, "rh0": 4.0845},
        ("w3a8", "rtn"): {"none": 5.5049, "had": 4.8111, "rh0": 5.3654},
        ("w3a8", "gptq"): {"none": 6.0989, "had": 4.0996, "rh0": 4.1037},
    }
    for (form, method), perplexities in table.items():
        solve = [gptq()] if method == "gptq" else []
        for rotation, perplexity in perplexities.items():
            ROWS[f"{form}_{method}_{rotation}"] = Row(
                perplexity,
                weights=integer(int(form[1])),
                activations=dynamic(int(form[3])),
                cache=cache(4) if form.endswith("kv4") else None,
                passes=rotations[rotation] + solve,
            )
    clipped = integer(4, range="mse")
    ROWS["w4a4_gptq_had_mse_c9"] = Row(
        4.8283, weights=clipped, activations=dynamic(4, clip=0.9), passes=rotate() + [gptq()]
    )
    ROWS["w4a4kv4_gptq_had_paper"] = Row(
        4.9824, weights=clipped, activations=dynamic(4, clip=0.9), cache=cache(4, clip=0.95), passes=rotate() + [gptq()]
    )
    ROWS["w4a4_rtn_r4"] = Row(83.6540, weights=integer(4), activations=dynamic(4), passes=rotate("r4"))
    ROWS["w4a4_rtn_r1r2r4"] = Row(6.1741, weights=integer(4), activations=dynamic(4), passes=rotate("r1", "r2", "r4"))
    # DuQuant has no row of its own in the reference: it is held to what Hadamard rotations reach.
    ROWS["w4a4_rtn_permuted"] = Row(
        6.1751,
        weights=integer(4),
        activations=dynamic(4),
        passes=["quench-insert-observers", "quench-smooth", FOLD, "quench-calibrate", "quench-permute", FOLD],
    )
    ROWS["w8a8_rtn_had"] = Row(4.0523, weights=integer(8), activations=dynamic(8), passes=rotate())
    ROWS["w8a8_minmax_had"] = Row(
        4.0673, weights=integer(8), activations=STATIC, passes=static_passes("minmax", *rotate())
    )
    for bits, rotation in itertools.product([8, 3, 2], ["none", "had"]):
        perplexity = {8: (4.0521, 4.0521), 3: (4.4253, 4.4976), 2: (6.3816, 6.7349)}[bits][rotation == "had"]
        ROWS[f"w16a32kv{bits}_rtn_{rotation}"] = Row(perplexity, cache=cache(bits), passes=rotations[rotation])


def other_rows():
    for name, perplexity, weights, passes in [
        ("spqr3_g64", 4.2783, integer(3, 64), ["quench-keep-outliers", gptq()]),
        ("spqr3_g64_asym", 4.1486, integer(3, 64, asymmetric=True), ["quench-keep-outliers", gptq()]),
        ("spqr3_g16_asym", 4.0714, integer(3, 16, asymmetric=True), ["quench-keep-outliers", gptq()]),
        ("keep3_g64_rtn", 4.9251, integer(3, 64), ["quench-keep-outliers"]),
        ("hqq4_g64", 4.1388, {**integer(4, 64, asymmetric=True), "zero_point": "f32"}, ["quench-hqq"]),
        ("hqq3_g64", 4.3707, {**integer(3, 64, asymmetric=True), "zero_point": "f32"}, ["quench-hqq"]),
    ]:
        ROWS[name] = Row(perplexity, weights=weights, passes=passes)


for add in (round_to_nearest, gptq_rows, awq_rows, activation_rows, rotation_rows, other_rows):
    add()
