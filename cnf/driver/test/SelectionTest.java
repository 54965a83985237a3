// SPDX-License-Identifier: Apache-2.0
package cnf.driver;

import static org.assertj.core.api.Assertions.assertThat;

import cnf.driver.Selection.Wanted;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which test JVMs are started for which wish. */
class SelectionTest {

    private static final Separately NOBODY = Separately.of(null, 600);

    @TempDir
    Path directory;
    private File classes;

    @BeforeEach
    void makeClasses() throws IOException {
        for (String name : List.of("a/one/FooTest", "a/one/FooTest$Inner", "a/BarTest",
                "a/SlowTest")) {
            Path file = directory.resolve(name + ".class");
            Files.createDirectories(file.getParent());
            Files.writeString(file, "");
        }
        Files.writeString(directory.resolve("a/SlowTest.txt"), "");
        classes = directory.toFile();
    }

    @ParameterizedTest
    @CsvSource(nullValues = "none", value = {"none, true", "'', true", "' ', true", "room, true",
        "a.one.FooTest, true", "a.one.FooTest#bar, true", "a.one.FooTest$Inner, true",
        "other, false", "a.one.BarTest, false", "FooTest, false", "a, false"})
    void aProjectIsConcernedByItsNameOrByAClassOfItsOwn(String name, boolean concerned) {
        assertThat(Selection.of(name).concerns("room", classes)).isEqualTo(concerned);
    }

    @ParameterizedTest
    @CsvSource(nullValues = "none", value = {"none, ''", "room, ''", "other.FooTest, ''",
        "a.one.FooTest, a.one.FooTest", "a.one.FooTest#bar, a.one.FooTest:bar"})
    void inAFrameworkOneClassOrMethodRunsAloneIfItIsThere(String name, String told) {
        assertThat(String.join(",", Selection.of(name).inFramework(classes))).isEqualTo(told);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "room"})
    void allOfAProjectIsScanned(String name) {
        assertThat(Selection.of(name).jvms("room", classes, NOBODY)).containsExactly(
                new Wanted("room", 600, List.of("--scan-class-path=" + classes)));
    }

    @Test
    void aClassIsSelectedAloneAndAMethodOfItByItsName() {
        assertThat(Selection.of(" a.one.FooTest ").jvms("room", classes, NOBODY)).containsExactly(
                new Wanted("a.one.FooTest", 600, List.of("--select-class=a.one.FooTest")));
        assertThat(Selection.of("a.one.FooTest$Inner#bar").jvms("room", classes, NOBODY))
                .singleElement().satisfies(wanted -> assertThat(wanted.arguments()).containsExactly(
                        "--select-class=a.one.FooTest$Inner",
                        "--include-methodname=\\Qa.one.FooTest$Inner#bar\\E"));
    }

    @Test
    void classesThatGetTheirOwnJvmAreLeftOutOfTheOther() {
        Separately slow = Separately.of("*SlowTest;seconds=1500,a.one.*", 600);
        List<Wanted> jvms = Selection.of(null).jvms("room", classes, slow);
        assertThat(jvms).extracting(Wanted::name)
                .containsExactlyInAnyOrder("room", "a.SlowTest", "a.one.FooTest");
        assertThat(jvms.get(0).arguments()).startsWith("--scan-class-path=" + classes)
                .contains("--exclude-classname=\\Qa.SlowTest\\E([$].*)?",
                        "--exclude-classname=\\Qa.one.FooTest\\E([$].*)?").hasSize(3);
        assertThat(jvms).contains(
                new Wanted("a.SlowTest", 1500, List.of("--select-class=a.SlowTest")),
                new Wanted("a.one.FooTest", 600, List.of("--select-class=a.one.FooTest")));
    }

    @Test
    void aClassThatIsAskedForKeepsItsTime() {
        assertThat(Selection.of("a.SlowTest").jvms("room", classes,
                Separately.of("*SlowTest;seconds=1500", 600))).singleElement()
                .extracting(Wanted::seconds).isEqualTo(1500L);
    }

    @Test
    void theFirstPatternThatFitsCounts() {
        Separately some = Separately.of("*FooTest;seconds=1,*Test;seconds=2", 3);
        assertThat(some.seconds("a.FooTest")).isEqualTo(1);
        assertThat(some.seconds("a.BarTest")).isEqualTo(2);
        assertThat(some.seconds("a.Other")).isEqualTo(3);
        assertThat(some.fits("a.Other")).isFalse();
        assertThat(NOBODY.fits("a.FooTest")).isFalse();
    }

    @Test
    void messagesNameTheWish() {
        assertThat(Selection.of(null)).hasToString("");
        assertThat(Selection.of("x")).hasToString(" of the name x");
    }
}
