package io.veloz.wal.archive.internal.ship;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.archive.internal.ship.FollowModel.Mistake;
import io.veloz.wal.archive.internal.ship.ModelWorld.Budget;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FollowModelTest {
    @Test
    void standbyThatIsPromotedHasEveryConfirmedSlot() {
        FollowModel model = new FollowModel(Mistake.NONE);
        assertThat(model.check(FollowWorld.of(budget(1, 1, 1, 1), "TST", 1))).isNull();
        assertThat(model.opened()).isPositive();
        report("one standby", model);
    }

    @Test
    void ofTwoStandbysThatSawTheSameEpochOneOpens() {
        FollowModel model = new FollowModel(Mistake.NONE);
        assertThat(model.check(FollowWorld.of(budget(0, 0, 1, 1), "TS", 2))).isNull();
        assertThat(model.opened()).isPositive();
        report("two standbys", model);
    }

    @ParameterizedTest
    @CsvSource({
        "FOLLOWER_WITHOUT_A_LIST, 1, caught up",
        "OVER_RAISED, 2, two standbys have opened",
        "CLAIM_RETRIED_AFTER_A_CRASH, 2, two standbys have opened",
        "OPENED_WITH_WHAT_IT_HAD_BEFORE_THE_FENCE, 1, without a confirmed slot",
        "NO_LIST_AFTER_THE_EPOCH, 1, not in the chain",
        "WRITER_NOT_RECORDED, 1, its own epoch"
    })
    void modelDetectsAMistake(Mistake mistake, int standbys, String expected) {
        FollowModel model = new FollowModel(mistake);
        String found = model.check(FollowWorld.of(budget(0, 0, 1, 1), "TST", standbys));
        report(mistake + ": " + found, model);
        assertThat(found).contains(expected);
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
