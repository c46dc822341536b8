package io.veloz.wal.archive;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.veloz.wal.architecture.PublicApi;
import io.veloz.wal.archive.store.ForwardingStore;
import io.veloz.wal.archive.store.ObjectStore;
import org.junit.jupiter.api.Test;

/** The layers of the archive, and that it uses only the public API of the log. */
class ArchiveLayersTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.veloz.wal.archive");

    private static final String STORE = "io.veloz.wal.archive.store";
    private static final String PROBE = "io.veloz.wal.archive.store.probe";
    private static final String S3 = "io.veloz.wal.archive.s3";
    private static final String METRICS = "io.veloz.wal.archive.metrics";
    private static final String FORMAT = "io.veloz.wal.archive.internal.format";
    private static final String IO = "io.veloz.wal.archive.internal.io";
    private static final String HEDGE = "io.veloz.wal.archive.internal.hedge";
    private static final String SHIPLOG = "io.veloz.wal.archive.internal.shiplog";
    private static final String PROOF = "io.veloz.wal.archive.internal.proof";
    private static final String RESTORE = "io.veloz.wal.archive.internal.restore";
    private static final String SHIP = "io.veloz.wal.archive.internal.ship";
    private static final String FILL = "io.veloz.wal.archive.internal.fill";
    private static final String REPAIR = "io.veloz.wal.archive.internal.repair";
    private static final String READ = "io.veloz.wal.archive.internal.read";
    private static final String INDEX = "io.veloz.wal.archive.internal.index";
    private static final String SEARCH = "io.veloz.wal.archive.internal.search";
    private static final String FOLLOW = "io.veloz.wal.archive.internal.follow";

    @Test
    void formatDependsOnNeitherStoresNorThreads() {
        noClasses()
                .that()
                .resideInAPackage(FORMAT)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        STORE,
                        S3,
                        IO,
                        SHIPLOG,
                        PROOF,
                        RESTORE,
                        SHIP,
                        READ,
                        FILL,
                        "io.veloz.wal.archive",
                        "java.util.concurrent..",
                        "java.nio.file..")
                .check(CLASSES);
    }

    @Test
    void pacingDependsOnStoresOnly() {
        noClasses()
                .that()
                .resideInAPackage(IO)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.veloz.wal", "io.veloz.wal.archive", S3, FORMAT, SHIPLOG, PROOF, RESTORE, SHIP, READ, FILL)
                .check(CLASSES);
    }

    @Test
    void hedgesDependOnStoresAndPacingOnly() {
        noClasses()
                .that()
                .resideInAPackage(HEDGE)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.veloz.wal", "io.veloz.wal.archive", S3, FORMAT, SHIPLOG, PROOF, RESTORE, SHIP, READ)
                .check(CLASSES);
    }

    @Test
    void storesDoNotDependOnTheLog() {
        noClasses()
                .that()
                .resideInAnyPackage(STORE, PROBE, S3)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.veloz.wal",
                        "io.veloz.wal.archive",
                        "io.veloz.wal.archive.internal..",
                        "io.veloz.wal.orders..")
                .check(CLASSES);
    }

    @Test
    void shipLogDoesNotDependOnTheLocalLog() {
        noClasses()
                .that()
                .resideInAnyPackage(SHIPLOG)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.veloz.wal", PROOF, RESTORE, SHIP, READ, FILL)
                .check(CLASSES);
    }

    @Test
    void writerAndReaderAreIndependent() {
        noClasses()
                .that()
                .resideInAPackage(SHIP)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(PROOF, RESTORE, READ, FILL)
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAnyPackage(PROOF, RESTORE, READ, FILL)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(SHIP)
                .check(CLASSES);
    }

    @Test
    void readingInPlaceAndRestoreAreIndependent() {
        noClasses()
                .that()
                .resideInAPackage(READ)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(RESTORE)
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAnyPackage(PROOF, RESTORE, FILL)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(READ)
                .check(CLASSES);
    }

    @Test
    void nothingInternalDependsOnStandbys() {
        noClasses()
                .that()
                .resideInAnyPackage(FORMAT, IO, SHIPLOG, PROOF, RESTORE, SHIP, READ)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(FOLLOW)
                .check(CLASSES);
    }

    @Test
    void restoreDoesNotDependOnTheFill() {
        noClasses()
                .that()
                .resideInAnyPackage(PROOF, RESTORE, READ)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(FILL)
                .check(CLASSES);
    }

    @Test
    void nothingBelowThePublicApiDependsOnRepair() {
        noClasses()
                .that()
                .resideInAnyPackage(STORE, S3, FORMAT, IO, SHIPLOG, PROOF, RESTORE, SHIP, READ)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(REPAIR)
                .check(CLASSES);
    }

    @Test
    void indexesDependOnNeitherTheChainNorItsReaders() {
        noClasses()
                .that()
                .resideInAPackage(INDEX)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(S3, SHIPLOG, PROOF, RESTORE, SHIP, READ, FILL, SEARCH, "io.veloz.wal.archive")
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAnyPackage(FORMAT, IO, SHIPLOG, PROOF, RESTORE, SHIP, READ, FILL)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(SEARCH)
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage(SHIP)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(INDEX)
                .check(CLASSES);
    }

    @Test
    void onlyReadingInPlaceDependsOnTheCache() {
        noClasses()
                .that()
                .resideOutsideOfPackage(READ)
                .should()
                .dependOnClassesThat()
                .resideInAPackage("com.github.benmanes..")
                .check(CLASSES);
    }

    @Test
    void onlyOnePackageDependsOnTheAwsSdk() {
        noClasses()
                .that()
                .resideOutsideOfPackage(S3)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("software.amazon..", S3)
                .check(CLASSES);
    }

    @Test
    void archiveUsesThePublicApiOfTheLogOnly() {
        noClasses()
                .should()
                .dependOnClassesThat(resideInAPackage("io.veloz.wal.internal.."))
                .check(CLASSES);
    }

    @Test
    void publicApiContainsNoThirdPartyTypes() {
        classes()
                .that()
                .resideOutsideOfPackages("io.veloz.wal.archive.internal..", METRICS)
                .and()
                .arePublic()
                .should(PublicApi.useOnlyOwnAndJavaTypesInPublicMembers())
                .check(CLASSES);
    }

    /** Otherwise it could omit the keys of the other store, and an archive would be written in the clear through it. */
    @Test
    void storeThatWrapsAnotherOneForwardsWhatItDoesNotChange() {
        var wrappers = CLASSES.stream()
                .filter(each -> each.isAssignableTo(ObjectStore.class) && !each.isInterface())
                .filter(each -> each.getConstructors().stream()
                        .flatMap(constructor -> constructor.getRawParameterTypes().stream())
                        .anyMatch(parameter -> parameter.isEquivalentTo(ObjectStore.class)))
                .toList();
        assertThat(wrappers).hasSizeGreaterThan(3);
        assertThat(wrappers)
                .allSatisfy(wrapper -> assertThat(wrapper.isAssignableTo(ForwardingStore.class))
                        .as(wrapper.getName())
                        .isTrue());
    }
}
