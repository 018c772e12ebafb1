"""The operations that a model's graph may use: mathematics and look-ups, nothing that touches code or the network."""

from pathlib import Path

COMPUTING = """
    Abs Add AddN AddV2 All Any ArgMax Assert BatchMatMulV2 BiasAdd BroadcastTo Cast ConcatV2 Const Cos DecodePaddedRaw
    Equal Erf Exp ExpandDims Fill Floor FloorDiv FloorMod GatherV2 Greater GreaterEqual HashTableV2 Identity IdentityN
    IsNan LeakyRelu Less LessEqual Log Log1p LogicalAnd LogicalNot LogicalOr LookupTableFindV2 LookupTableImportV2
    MatMul Max Maximum Mean Min Minimum Mul Neg NoOp NotEqual OneHot Pack PartitionedCall Placeholder Pow Prod
    RealDiv Relu Reshape Rsqrt Select SelectV2 Selu Shape Sigmoid Sign Sin Slice Softmax Softplus Split SplitV
    Sqrt Square SquaredDifference Squeeze StatefulPartitionedCall StopGradient StridedSlice Sub Sum Tanh Tile
    Transpose Unpack Where ZerosLike
"""
LOADING = """
    AssignVariableOp DisableCopyOnRead MergeV2Checkpoints ReadVariableOp ResourceGather RestoreV2 SaveV2 ShardedFilename
    StaticRegexFullMatch StringJoin VarHandleOp VarIsInitializedOp
"""
"""What every SavedModel has for reading its own variables."""
ALLOWED = frozenset(f"{COMPUTING} {LOADING}".split())


class ForbiddenOperation(ValueError):  # noqa: N818 - named for what was found
    """A graph uses an operation that is not allowed."""


def check(folder: Path) -> None:
    """Refuse a SavedModel whose graph uses an operation that is not allowed, before anything of it is loaded.

    Raises:
        ForbiddenOperation: names each such operation.
    """
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    used = set()
    for graph in saved.meta_graphs:
        used |= {node.op for node in graph.graph_def.node}
        used |= {node.op for function in graph.graph_def.library.function for node in function.node_def}
    if forbidden := sorted(used - ALLOWED):
        raise ForbiddenOperation(
            f"A model may only compute and look up, but the graph in {folder} uses {', '.join(forbidden)}."
        )
