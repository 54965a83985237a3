// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Names of types use the field's words, see docs/vocabulary.md. */
class VocabularyTest {

    private static final Path ROOT = Path.of(System.getProperty("lab.root"));

    private final Vocabulary vocabulary = Vocabulary.read(ROOT.resolve("docs/vocabulary.md"));

    VocabularyTest() throws IOException {
    }

    @Test
    void noTypeHasARefusedWordInItsName() throws IOException {
        Set<String> types = Vocabulary.types(ROOT);
        assertThat(types).contains("PhysicalMemory", "Launcher", "KdumpPolicy", "Seeds");
        assertThat(vocabulary.bad(types)).isEmpty();
    }

    @Test
    void theTableIsRead() {
        assertThat(vocabulary.refused()).contains("Manager", "Data", "Ways", "Bench")
                .doesNotContain("UR", "word");
        assertThat(vocabulary.allowed()).containsExactly("VmcoreInfo");
    }

    @Test
    void aWordIsAPartOfANameFromCapitalToCapital() {
        assertThat(vocabulary.bad(List.of("Bench", "EduBench", "BenchKernel", "Benchmark",
                "DatabaseRow", "DMAData", "HTTPUtil", "Database", "VmcoreInfo")))
                .containsExactly("Bench", "BenchKernel", "DMAData", "EduBench", "HTTPUtil");
    }

    @Test
    void typesAreFoundHoweverTheyAreDeclared(@TempDir Path root) throws IOException {
        Path src = Files.createDirectories(root.resolve("room/src/room"));
        Files.writeString(src.resolve("A.java"), """
                // class InAComment
                public final class A {
                    private static final class Inner { }
                    sealed interface Shape { }
                    record Pair(int a, int b) { }
                    enum Kind { ONE }
                    @interface Mark { }
                    String text = "class Quoted";
                }
                """);
        assertThat(Vocabulary.types(root)).containsExactlyInAnyOrder("A", "Inner", "Shape", "Pair",
                "Kind", "Mark");
    }
}
