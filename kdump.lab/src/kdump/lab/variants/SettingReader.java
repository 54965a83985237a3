// SPDX-License-Identifier: Apache-2.0
package kdump.lab.variants;

import java.util.Arrays;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import kdump.lab.api.LabException;
import org.osgi.service.metatype.AttributeDefinition;
import org.osgi.service.metatype.ObjectClassDefinition;

/** Reads settings as a policy's metatype declares them. */
final class SettingReader {

    /** Largest number of as many digits as are taken. */
    private static final int MOST = 999_999_999;

    private final String policy;
    private final AttributeDefinition[] declared;

    SettingReader(String policy, ObjectClassDefinition declared) {
        this.policy = policy;
        this.declared = declared.getAttributeDefinitions(ObjectClassDefinition.ALL);
    }

    /**
     * Returns settings as a configuration holds them.
     *
     * @throws LabException if one is not declared, or has a value that is not allowed
     */
    Dictionary<String, Object> read(Map<String, List<String>> settings) throws LabException {
        var values = new Hashtable<String, Object>();
        for (var setting : settings.entrySet()) {
            AttributeDefinition found = Arrays.stream(declared)
                    .filter(d -> d.getID().equals(setting.getKey())).findFirst().orElse(null);
            if (found == null) {
                throw new LabException("policy '" + policy + "' has no setting '"
                        + setting.getKey() + "'; it has " + Arrays.stream(declared)
                                .map(AttributeDefinition::getID)
                                .collect(Collectors.joining(", ")));
            }
            values.put(setting.getKey(), value(found, setting.getValue()));
        }
        return values;
    }

    private static Object value(AttributeDefinition of, List<String> texts) throws LabException {
        if (of.getCardinality() != 0) {
            return texts.toArray(new String[0]);
        }
        String text = texts.get(texts.size() - 1);
        boolean isAllowed = of.getType() == AttributeDefinition.BOOLEAN
                ? text.equals("true") || text.equals("false") : isValid(of, text);
        if (!isAllowed || texts.size() > 1) {
            throw new LabException("setting '" + of.getID() + "' is '"
                    + String.join("' and '", texts) + "', expected " + expected(of));
        }
        return switch (of.getType()) {
            case AttributeDefinition.BOOLEAN -> Boolean.valueOf(text);
            case AttributeDefinition.INTEGER -> Integer.valueOf(text);
            default -> text;
        };
    }

    /** Null says that nothing validates it, an empty sentence that it is valid. */
    private static boolean isValid(AttributeDefinition of, String text) {
        if (of.getType() == AttributeDefinition.INTEGER && !text.matches("-?\\d{1,9}")) {
            return false;
        }
        String wrong = of.validate(text);
        return wrong == null || wrong.isEmpty();
    }

    /** Valid numbers are those of a range, which validation alone tells. */
    private static String wholeNumber(AttributeDefinition of) {
        String[] usual = of.getDefaultValue();
        String valid = usual == null || usual.length == 0 ? "0" : usual[0];
        return !isValid(of, valid) ? "a whole number"
                : "a whole number, " + farthest(of, Integer.parseInt(valid), -MOST) + " to "
                        + farthest(of, Integer.parseInt(valid), MOST);
    }

    /** Returns the last number that is valid on the way from one that is. */
    private static int farthest(AttributeDefinition of, int valid, int towards) {
        int good = valid;
        int bad = towards + Integer.signum(towards);
        while (Math.abs(bad - good) > 1) {
            int middle = good + (bad - good) / 2;
            if (isValid(of, String.valueOf(middle))) {
                good = middle;
            } else {
                bad = middle;
            }
        }
        return good;
    }

    private static String expected(AttributeDefinition of) {
        if (of.getOptionValues() != null && of.getOptionValues().length > 0) {
            return "one of " + String.join(", ", of.getOptionValues());
        }
        return switch (of.getType()) {
            case AttributeDefinition.BOOLEAN -> "true or false";
            case AttributeDefinition.INTEGER -> wholeNumber(of);
            default -> "one text";
        };
    }
}
