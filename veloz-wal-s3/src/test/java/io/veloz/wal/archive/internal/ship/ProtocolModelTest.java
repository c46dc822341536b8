package io.veloz.wal.archive.internal.ship;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.archive.internal.ship.ModelWorld.Budget;
import io.veloz.wal.archive.internal.ship.ProtocolModel.Mistake;
import io.veloz.wal.archive.internal.ship.WriterState.Phase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ProtocolModelTest {
    @Test
    void twoWritersNeverBreakTheChain() {
        ProtocolModel model = new ProtocolModel(Mistake.NONE);
        assertThat(model.check(ModelWorld.of(budget(1, 1, 0, 1, 1), "TST", "T")))
                .isNull();
        report("two writers", model);
        assertThat(model.phases())
                .containsAll(java.util.EnumSet.complementOf(java.util.EnumSet.of(Phase.BROKEN, Phase.CHECK)));
    }

    @Test
    void writerThatCrashesAndRestartsNeverBreaksTheChain() {
        ProtocolModel model = new ProtocolModel(Mistake.NONE);
        assertThat(model.check(ModelWorld.of(budget(1, 1, 1, 1, 1), "TSTT"))).isNull();
        report("one writer with a crash", model);
    }

    @Test
    void threeWritersNeverBreakTheChain() {
        ProtocolModel model = new ProtocolModel(Mistake.NONE);
        assertThat(model.check(ModelWorld.of(budget(0, 0, 0, 0, 1), "TST", "T", "T")))
                .isNull();
        report("three writers", model);
    }

    @Test
    void summariesContainTheChainAndNothingElse() {
        ProtocolModel model = new ProtocolModel(Mistake.NONE);
        assertThat(model.check(ModelWorld.of(budget(0, 1, 0, 0, 1), "TSMT", "MT")))
                .isNull();
        report("two writers that summarize", model);
    }

    @Test
    void writerThatCrashesWhileItSummarizesNeverBreaksTheChain() {
        ProtocolModel model = new ProtocolModel(Mistake.NONE);
        assertThat(model.check(ModelWorld.of(budget(1, 1, 1, 0, 1), "TSMM"))).isNull();
        report("one writer that summarizes with a crash", model);
    }

    @ParameterizedTest
    @EnumSource(
            value = Mistake.class,
            names = {
                "CLEAN_UP_DELETES_EPOCHS",
                "NO_LIST_AFTER_CLAIM",
                "EXISTING_SLOT_TREATED_AS_OURS",
                "PUT_AGAIN_WITHOUT_READING",
                "SINCE_OF_AN_EARLIER_TIP"
            })
    void modelDetectsAMistakeInTheProtocol(Mistake mistake) {
        ProtocolModel model = new ProtocolModel(mistake);
        String found = model.check(ModelWorld.of(budget(1, 1, 0, 1, 1), "TST", "T"));
        report(mistake + ": " + found, model);
        assertThat(found).isNotNull();
    }

    @ParameterizedTest
    @CsvSource({"0, 1, 0", "1, 0, 1"})
    void putThatIsSentTwiceNeverBreaksTheChain(int lost, int late, int cleanUps) {
        ProtocolModel model = new ProtocolModel(Mistake.NONE);
        assertThat(model.check(ModelWorld.of(hedges(1, budget(lost, late, 0, 0, cleanUps)), "TST", "T")))
                .isNull();
        report("two writers, one of which hedges a put", model);
    }

    @Test
    void writerThatHedgesAndCrashesNeverBreaksTheChain() {
        ProtocolModel model = new ProtocolModel(Mistake.NONE);
        assertThat(model.check(ModelWorld.of(hedges(2, budget(0, 0, 1, 0, 1)), "TST")))
                .isNull();
        report("one writer that hedges two puts, with a crash", model);
    }

    @ParameterizedTest
    @EnumSource(
            value = Mistake.class,
            names = {
                "HEDGE_WITH_OTHER_BYTES",
                "REFUSED_HEDGE_TREATED_AS_OURS",
                "REFUSED_HEDGE_TREATED_AS_FENCED",
                "NEXT_SLOT_WHILE_BOTH_COPIES_ARE_SILENT"
            })
    void modelDetectsAMistakeInAHedge(Mistake mistake) {
        ProtocolModel model = new ProtocolModel(mistake);
        String found = model.check(ModelWorld.of(hedges(1, budget(0, 0, 0, 0, 0)), "TST", "T"));
        report(mistake + ": " + found, model);
        assertThat(found).isNotNull();
    }

    private static Budget hedges(int hedges, Budget budget) {
        budget.hedges = hedges;
        return budget;
    }

    @ParameterizedTest
    @EnumSource(
            value = Mistake.class,
            names = {"SUMMARY_FROM_A_LIST", "SUMMARY_FROM_MEMORY"})
    void modelDetectsAMistakeInASummary(Mistake mistake) {
        ProtocolModel model = new ProtocolModel(mistake);
        String found = model.check(ModelWorld.of(budget(0, 1, 0, 0, 1), "TSMT", "MT"));
        report(mistake + ": " + found, model);
        assertThat(found).contains("summary");
    }

    /** With a lost answer and a late put at once it visits 510,519 worlds, which takes minutes. */
    @ParameterizedTest
    @CsvSource({"1, 0, 2", "0, 1, 1"})
    void copiedDirectoryNeverTakesOverInTurn(int lost, int late, int crashes) {
        ProtocolModel model = new ProtocolModel(Mistake.NONE);
        assertThat(model.check(ModelWorld.of(copies(budget(lost, late, crashes, 0, 0)), "T", "T")))
                .isNull();
        report("a directory and its copy", model);
    }

    @ParameterizedTest
    @EnumSource(
            value = Mistake.class,
            names = {"WRITER_RECORDED_AFTER_THE_PUT", "NEW_WRITER_RECORDED_ALONE"})
    void modelDetectsADirectoryThatIsLockedOut(Mistake mistake) {
        ProtocolModel model = new ProtocolModel(mistake);
        String found = model.check(ModelWorld.of(budget(1, 1, 2, 0, 0), "TT"));
        report(mistake + ": " + found, model);
        assertThat(found).contains("locked out");
    }

    @Test
    void modelDetectsDirectoriesThatFenceEachOtherInTurn() {
        ProtocolModel model = new ProtocolModel(Mistake.INSTANCE_COMPARED_ALONE);
        String found = model.check(ModelWorld.of(copies(budget(0, 0, 2, 0, 0)), "T", "T"));
        report(Mistake.INSTANCE_COMPARED_ALONE + ": " + found, model);
        assertThat(found).contains("in turn");
    }

    private static Budget copies(Budget budget) {
        budget.directoryCopies = 1;
        return budget;
    }

    private static Budget budget(int lost, int late, int crashes, int stale, int cleanUps) {
        Budget budget = new Budget();
        budget.lost = lost;
        budget.late = late;
        budget.crashes = crashes;
        budget.stale = stale;
        budget.cleanUps = cleanUps;
        return budget;
    }

    private static void report(String what, ProtocolModel model) {
        System.out.println("model: " + what + ": " + model.worlds() + " worlds, " + model.transitions() + " steps");
    }
}
