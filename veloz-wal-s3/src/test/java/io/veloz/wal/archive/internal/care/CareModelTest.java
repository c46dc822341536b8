package io.veloz.wal.archive.internal.care;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.archive.internal.care.CareModel.Mistake;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

class CareModelTest {
    @Test
    void twoJanitorsAHoldAPointAndARestoreNeverLoseWhatIsKept() {
        CareModel model = new CareModel(Mistake.NONE);
        assertThat(model.check(2, true, true, true, 0, 1)).isNull();
        report("two janitors and all others", model);
    }

    @Test
    void janitorsThatCrashNeverLoseWhatIsKept() {
        CareModel model = new CareModel(Mistake.NONE);
        assertThat(model.check(2, true, true, false, 1, 1)).isNull();
        report("two janitors with a crash and a late delete", model);
    }

    @ParameterizedTest
    @EnumSource(value = Mistake.class, mode = Mode.EXCLUDE, names = "NONE")
    void modelDetectsAMistake(Mistake mistake) {
        CareModel model = new CareModel(mistake);
        String found = model.check(2, true, true, true, 1, 1);
        report(mistake + ": " + found, model);
        assertThat(found).isNotNull();
    }

    private static void report(String what, CareModel model) {
        System.out.println("model: " + what + ": " + model.worlds() + " worlds");
    }
}
