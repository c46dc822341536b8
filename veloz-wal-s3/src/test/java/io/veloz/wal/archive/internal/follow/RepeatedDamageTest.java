package io.veloz.wal.archive.internal.follow;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.archive.ArchiveFollowException;
import io.veloz.wal.archive.ArchiveFollowException.Reason;
import io.veloz.wal.archive.internal.format.BadObjectException;
import java.io.IOException;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RepeatedDamageTest {
    private final RepeatedDamage damage = new RepeatedDamage();

    private Optional<ArchiveFollowException> add(String text, int times) {
        Optional<ArchiveFollowException> result = Optional.empty();
        for (int i = 0; i < times; i++) {
            assertThat(result).isEmpty();
            result = damage.add(new BadObjectException(text));
        }
        return result;
    }

    @Test
    void sameDamageEndsTheFollowerAndIsNamed() {
        assertThat(add("segments/x is damaged", RepeatedDamage.ATTEMPTS)).hasValueSatisfying(e -> {
            assertThat(e.reason()).isEqualTo(Reason.DAMAGED_OBJECT);
            assertThat(e).hasMessageContaining("segments/x is damaged").hasMessageContaining("repair");
        });
    }

    @Test
    void otherDamageIsCountedFromTheBeginning() {
        assertThat(add("segments/x is damaged", RepeatedDamage.ATTEMPTS - 1)).isEmpty();
        assertThat(add("segments/y is damaged", RepeatedDamage.ATTEMPTS - 1)).isEmpty();
    }

    @Test
    void successIsABeginning() {
        assertThat(add("segments/x is damaged", RepeatedDamage.ATTEMPTS - 1)).isEmpty();
        damage.succeeded();
        assertThat(add("segments/x is damaged", RepeatedDamage.ATTEMPTS - 1)).isEmpty();
    }

    @Test
    void storeThatIsAwayIsNoDamage() {
        for (int i = 0; i < 10 * RepeatedDamage.ATTEMPTS; i++) {
            assertThat(damage.add(new IOException("away"))).isEmpty();
        }
    }
}
