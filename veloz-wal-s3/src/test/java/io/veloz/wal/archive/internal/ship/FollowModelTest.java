package io.veloz.wal.archive.internal.ship;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.archive.internal.ship.FollowModel.Mistake;
import io.veloz.wal.archive.internal.ship.ModelWorld.Budget;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FollowModelTest {
    /** With a lost answer, a late put and a crash at once it visits millions of worlds. */
    @ParameterizedTest
    @CsvSource({"0, 0, 1", "1, 0, 0", "0, 1, 0"})
    void standbyThatIsPromotedHasEveryConfirmedSlot(int lost, int late, int crashes) {
        FollowModel model = new FollowModel(Mistake.NONE);
        assertThat(model.check(FollowWorld.of(budget(lost, late, crashes, 1), "TST", 1)))
                .isNull();
        assertThat(model.opened()).isPositive();
        report("one standby", model);
    }

    /** With clean-up, a longer script and a crash it visits 1,175,375 worlds, which takes minutes. */
    @ParameterizedTest
    @CsvSource({"T, 0, 0", "'', 1, 0", "TS, 0, 1"})
    void ofTwoStandbysThatSawTheSameEpochOneOpens(String script, int crashes, int cleanUps) {
        FollowModel model = new FollowModel(Mistake.NONE);
        assertThat(model.check(FollowWorld.of(budget(0, 0, crashes, cleanUps), script, 2)))
                .isNull();
        assertThat(model.opened()).isPositive();
        report("two standbys", model);
    }

    @ParameterizedTest
    @CsvSource({
        "FOLLOWER_WITHOUT_A_LIST, TS, 1, 0, 1, caught up",
        "OVER_RAISED, '', 2, 0, 0, two standbys have opened",
        "CLAIM_RETRIED_AFTER_A_CRASH, '', 2, 1, 0, two standbys have opened",
        "OPENED_WITH_WHAT_IT_HAD_BEFORE_THE_FENCE, T, 1, 0, 0, without a confirmed slot",
        "NO_LIST_AFTER_THE_EPOCH, TS, 1, 0, 1, not in the chain",
        "WRITER_NOT_RECORDED, '', 1, 1, 0, its own epoch"
    })
    void modelDetectsAMistake(
            Mistake mistake, String script, int standbys, int crashes, int cleanUps, String expected) {
        FollowModel model = new FollowModel(mistake);
        String found = model.check(FollowWorld.of(budget(0, 0, crashes, cleanUps), script, standbys));
        report(mistake + ": " + found, model);
        assertThat(found).contains(expected);
    }

    @ParameterizedTest
    @CsvSource({"'', 0", "T, 0", "'', 1"})
    void standbyThatFollowsAgainDoesNotFenceAnyWriter(String script, int crashes) {
        FollowModel model = new FollowModel(Mistake.NONE);
        assertThat(model.check(decidedTwice(script, crashes))).isNull();
        report("decided twice", model);
    }

    @Test
    void promotionThatIsGivenUpTooEarlyIsDetected() {
        FollowModel model = new FollowModel(Mistake.GIVEN_UP_WHILE_ITS_EPOCH_MAY_ARRIVE);
        String found = model.check(decidedTwice("", 0));
        report(Mistake.GIVEN_UP_WHILE_ITS_EPOCH_MAY_ARRIVE + ": " + found, model);
        assertThat(found).contains("fences the writer that it follows");
    }

    private static FollowWorld decidedTwice(String script, int crashes) {
        FollowWorld world = FollowWorld.of(budget(0, 1, crashes, 0), script, 1);
        world.otherDecisions = 1;
        return world;
    }

    private static Budget budget(int lost, int late, int crashes, int cleanUps) {
        Budget budget = new Budget();
        budget.lost = lost;
        budget.late = late;
        budget.crashes = crashes;
        budget.cleanUps = cleanUps;
        return budget;
    }

    private static void report(String what, FollowModel model) {
        System.out.println("model: " + what + ": " + model.worlds() + " worlds, " + model.transitions() + " steps");
    }
}
