"""Says what `quench report --json` shows of a plain model and of a rotated one: check_rotation.py FILE."""
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    plain, rotated = json.load(file)["reports"]
print("kl of w4a4 above 2:", plain["measurement"]["kl"] > 2)
print("kl of w4a4-rotated below 0.5:", rotated["measurement"]["kl"] < 0.5)
print("stages:", *rotated["stages"])
edges = {edge["name"]: [stage["ratio"] for stage in edge["stages"]] for edge in rotated["edges"]}
stream = edges["model.layers.0.self_attn.{k_proj,q_proj,v_proj}"]
print("outliers of the residual stream, imported over rotated, at least 20:", stream[0] / stream[2] >= 20)
attention = edges["model.layers.0.self_attn.o_proj"]
print("folding keeps what attention gives:", abs(attention[0] / attention[1] - 1) < 0.01)
better = [new["output_sqnr_db"] > old["output_sqnr_db"] for old, new in zip(plain["layers"], rotated["layers"])]
print(f"layers with a better output: {sum(better)} of {len(better)}")
