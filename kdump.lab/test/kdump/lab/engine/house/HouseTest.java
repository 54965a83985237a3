// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.house;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import kdump.lab.engine.Fixture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What serves all vendors names none and has no number of one architecture. */
class HouseTest {

    /** Where an architecture's numbers belong: everything else asks for them there. */
    private static final String NUMBERS = "Platform.java: 0xfee";
    /** What a file lacks is told to its owner by the names that firmware tables have. */
    private static final String TABLES = "Catalog.java: IVRS";
    private static final List<String> ALLOWED = List.of(NUMBERS, TABLES);

    @ParameterizedTest
    @ValueSource(strings = {"iommu.api/src", "kdump.lab/src/kdump/lab/engine",
        "kdump.lab/src/kdump/lab/api", "kdump.policies/src"})
    void sharedCodeNamesNoVendor(String folder) throws Exception {
        assertThat(SourceWords.below(Fixture.root().resolve(folder)))
                .filteredOn(found -> !ALLOWED.contains(found)).isEmpty();
    }

    @Test
    void whatIsAllowedIsStillThere() throws Exception {
        assertThat(SourceWords.below(Fixture.root().resolve("iommu.api/src")))
                .containsExactly(NUMBERS);
        assertThat(SourceWords.below(Fixture.root().resolve("kdump.lab/src/kdump/lab/engine")))
                .containsExactly(TABLES);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "unit.vendor().equals(\"amdvi\") | amd", "boolean isAmd(UnitView unit) | Amd",
        "mode = line.contains(\"sm_on\") | sm_on", "long MESSAGES = 0xFEE0_0000L; | 0xFEE",
        "ScalableMode mode; | Scalable", "new VtdVendor() | Vtd",
        "String a = \"// \" + \"vtd\"; | vtd", "'\"' + \"intel\" | intel"})
    void aVendorsWordInCodeIsFound(String code, String word) {
        assertThat(SourceWords.in(code)).containsExactly(word);
    }

    @ParameterizedTest
    @ValueSource(strings = {"// such as vtd", "/** On AMD\n * it is 0xfee */ int a;",
        "@KdumpPolicy(name = \"a\",\n    vendors = {\"vtd\", \"amdvi\"})\nclass A { }",
        "write(cmd, gamdom)", "int a; // \"vtd\"", "\"/*\" + a + \"*/\""})
    void commentsAndWhomAPolicyIsForDoNotCount(String code) {
        assertThat(SourceWords.in(code)).isEmpty();
    }
}
