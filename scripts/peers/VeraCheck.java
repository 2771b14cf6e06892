// Has veraPDF judge files by one flavour: `java VeraCheck 2u a.pdf b.pdf`. The jar that brings it has lost its list of
// profiles, so that each is read by its name.

import java.io.FileInputStream;
import java.io.InputStream;
import java.util.Map;
import java.util.TreeMap;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;
import org.verapdf.pdfa.validation.profiles.Profiles;
import org.verapdf.pdfa.validation.profiles.ValidationProfile;

public class VeraCheck {
    private static final int MESSAGE_CHARS_MAX = 160;

    private static String file(String flavour) {
        String name = flavour.toUpperCase();
        String profile = name.startsWith("UA") ? "PDFUA-" + name.substring(2) : "PDFA-" + name;
        return "/org/verapdf/pdfa/validation/" + profile + ".xml";
    }

    private static boolean judge(String flavour, String path) throws Exception {
        PDFAFlavour wanted = PDFAFlavour.byFlavourId(flavour);
        try (InputStream content = new FileInputStream(path);
                InputStream rules = VeraCheck.class.getResourceAsStream(file(flavour));
                PDFAParser parser = Foundries.defaultInstance().createParser(content, wanted)) {
            ValidationProfile profile = Profiles.profileFromXml(rules);
            PDFAValidator validator = Foundries.defaultInstance().createValidator(profile, false);
            ValidationResult result = validator.validate(parser);
            Map<String, Integer> broken = new TreeMap<>();
            for (TestAssertion one : result.getTestAssertions()) {
                if (one.getStatus() == TestAssertion.Status.FAILED) {
                    String rule = one.getRuleId().getClause() + "-" + one.getRuleId().getTestNumber();
                    broken.merge(rule + ": " + one.getMessage().replace('\n', ' '), 1, Integer::sum);
                }
            }
            // Where nothing was looked at, nothing was judged.
            boolean passed = result.isCompliant() && result.getTotalAssertions() > 0;
            System.out.println((passed ? "PASS " : "FAIL ") + path);
            broken.forEach((rule, times) -> System.out.println(
                    "   " + times + "x " + rule.substring(0, Math.min(rule.length(), MESSAGE_CHARS_MAX))));
            return passed;
        } catch (Exception error) {
            System.out.println("FAIL " + path + "\n   " + error);
            return false;
        }
    }

    public static void main(String[] arguments) throws Exception {
        java.util.logging.LogManager.getLogManager().reset();
        VeraGreenfieldFoundryProvider.initialise();
        boolean all = true;
        for (int at = 1; at < arguments.length; at++) {
            all &= judge(arguments[0], arguments[at]);
        }
        System.exit(all ? 0 : 1);
    }
}
