package io.veloz.wal.testkit;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.Tuple;
import net.jqwik.api.lifecycle.AddLifecycleHook;

/**
 * Compares random histories of operations and faults with a plain list as the model: A, P, R7, R8, S8, E of
 * docs/durability.md. A failing history is shrunk and printed.
 */
@Tag("enumeration")
class ModelTest {
    private static final int LONGEST = 30;

    @Property(tries = 800, edgeCases = EdgeCasesMode.NONE)
    @AddLifecycleHook(ModelRounds.class)
    void logAgreesWithAPlainListInEveryHistory(
            @ForAll("disks") DiskRules rules, @ForAll("moves") List<Move> moves, @ForAll("seeds") int seed)
            throws Exception {
        new ModelRun(rules, seed).perform(moves);
    }

    @Provide
    Arbitrary<Integer> seeds() {
        return Arbitraries.integers().between(1, 1_000_000);
    }

    @Provide
    Arbitrary<DiskRules> disks() {
        return Combinators.combine(
                        Arbitraries.of(DiskRules.Names.values()),
                        Arbitraries.of(512, 4_096),
                        Arbitraries.of(DiskRules.FailedForce.values()))
                .as((names, unit, failedForce) ->
                        DiskRules.WORST.names(names).unitBytes(unit).failedForce(failedForce));
    }

    @Provide
    Arbitrary<List<Move>> moves() {
        return Arbitraries.frequencyOf(
                        Tuple.of(12, appends()),
                        Tuple.of(6, requests()),
                        Tuple.of(4, readings()),
                        Tuple.of(4, ends()),
                        Tuple.of(3, troubles()))
                .list()
                .ofMinSize(1)
                .ofMaxSize(LONGEST);
    }

    private static Arbitrary<Move> appends() {
        Arbitrary<Integer> any = Arbitraries.oneOf(
                Arbitraries.integers().between(0, 100), Arbitraries.of(0, 1, 7, 8, 511, 513, 2_000, 3_900));
        Arbitrary<List<Integer>> alone = any.list().ofSize(1);
        Arbitrary<List<Integer>> group =
                Arbitraries.integers().between(0, 900).list().ofMinSize(2).ofMaxSize(4);
        return Combinators.combine(
                        Arbitraries.of(Move.How.values()),
                        Arbitraries.frequencyOf(Tuple.of(3, alone), Tuple.of(1, group)))
                .as(Move.Append::new);
    }

    private static Arbitrary<Move> requests() {
        Arbitrary<Integer> few = Arbitraries.integers().between(0, 8);
        return Arbitraries.oneOf(
                few.map(Move.AwaitDurable::new),
                Arbitraries.just(new Move.Sync()),
                Arbitraries.just(new Move.Roll()),
                few.map(Move.Checkpoint::new),
                Combinators.combine(few, Arbitraries.integers().between(0, 2)).as(Move.Trim::new),
                Arbitraries.integers().between(-50, 50).map(Move.ClockJumps::new));
    }

    private static Arbitrary<Move> readings() {
        Arbitrary<Integer> few = Arbitraries.integers().between(0, 20);
        Arbitrary<Boolean> either = Arbitraries.of(false, true);
        return Arbitraries.oneOf(
                Combinators.combine(either, few, few, either).as(Move.Read::new),
                few.map(Move.ReadSince::new),
                Arbitraries.just(new Move.Follow()));
    }

    private static Arbitrary<Move> ends() {
        Arbitrary<Integer> dice = Arbitraries.integers().between(1, 1_000_000);
        Arbitrary<Integer> ago =
                Arbitraries.oneOf(Arbitraries.just(0), Arbitraries.integers().between(0, 60));
        return Arbitraries.frequencyOf(
                Tuple.of(3, Arbitraries.just(new Move.CloseAndOpen())),
                Tuple.of(4, Combinators.combine(ago, dice).as(Move.PowerCut::new)),
                Tuple.of(
                        2,
                        Combinators.combine(ago, dice, Arbitraries.of(false, true))
                                .as(Move.ProcessDies::new)),
                Tuple.of(
                        1,
                        Combinators.combine(
                                        Arbitraries.integers().between(0, 20),
                                        Arbitraries.integers().between(0, 20_000),
                                        Arbitraries.integers().between(0, 7))
                                .as(Move.Rot::new)));
    }

    private static Arbitrary<Move> troubles() {
        Arbitrary<Fault> faults = Arbitraries.of(
                Fault.IO_ERROR, Fault.IO_ERROR_AFTERWARDS, Fault.SHORT, Fault.TOO_MANY_FILES, Fault.NO_ROOM);
        return Arbitraries.frequencyOf(
                Tuple.of(
                        6,
                        Combinators.combine(
                                        Arbitraries.of(Operation.Kind.values()),
                                        faults,
                                        Arbitraries.integers().between(1, 6),
                                        Arbitraries.of(false, false, true))
                                .as(Move.Fails::new)),
                Tuple.of(2, Arbitraries.of(Move.RunsOut.What.values()).map(Move.RunsOut::new)),
                Tuple.of(1, Arbitraries.just(new Move.Heals())));
    }
}
