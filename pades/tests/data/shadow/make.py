"""Makes the attacks of this folder anew, as `../make.py` does its own: each was prepared before it was signed, or
plays with what later revisions may change. What ends in `-before` is what was signed.
"""

import pathlib

HERE = pathlib.Path(__file__).parent
MAKE = HERE.parent / "make.py"
source = MAKE.read_text().removesuffix("main()\n")
OUT = HERE
__file__ = str(MAKE)
exec(compile(source, str(MAKE), "exec"))
(OUT / "root.pem").write_bytes(ROOT.cert.public_bytes(serialization.Encoding.PEM))


def put(n,d): (OUT/(n+'.pdf')).write_bytes(d)
def xobj(text,more=b""): return b"<< /Type /XObject /Subtype /Form /BBox [0 0 595 842] %s /Resources << /Font << /F1 5 0 R >> >> /Length %d >>\nstream\n%s\nendstream"%(more,len(text),text)
TEN=b"BT /F1 24 Tf 72 720 Td (Gebuehr: 10 Euro) Tj ET"; THO=b"BT /F1 24 Tf 72 720 Td (Gebuehr: 99 Euro) Tj ET"
PAGE=lambda extra: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "+extra+b" >>"
full=dict(tsa=stamper(), validation_context=context(), embed_validation_info=True)
# stream as field
pre=by_hand(base(), {
  40: xobj(TEN, b"/FT /Tx /T (Stream)"),
  41: show(b"/X Do"),
  3: PAGE(b"/Contents 41 0 R /Resources << /XObject << /X 40 0 R >> >> /Annots [8 0 R 9 0 R]"),
  7: b"<< /Fields [8 0 R 9 0 R 40 0 R] /DA (/F1 12 Tf 0 g) >>"})
s=sign(pre,**full); put('stream-field-before',s); put('stream-field', by_hand(s,{40: xobj(THO, b"/FT /Tx /T (Stream)")}))
# page as xobject dictionary through Annots
pre=by_hand(base(), {
  40: xobj(TEN), 41: show(b"/Annots Do"),
  4: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 6 0 R /Annots 40 0 R >>",
  3: PAGE(b"/Contents 41 0 R /Resources << /XObject 4 0 R >> /Annots [8 0 R 9 0 R]")})
s=sign(pre,**full); put('page-as-pictures-before',s)
put('page-as-pictures', by_hand(s,{4: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 6 0 R /Annots 90 0 R >>", 90: xobj(THO)}))
put('page-as-pictures-in-place', by_hand(s,{40: xobj(THO)}))
# catalogue as xobject dict through DSS
pre=by_hand(base(), {
  40: xobj(TEN), 41: show(b"/DSS Do"),
  1: b"<< /Type /Catalog /Pages 2 0 R /AcroForm 7 0 R /DSS 40 0 R >>",
  3: PAGE(b"/Contents 41 0 R /Resources << /XObject 1 0 R >> /Annots [8 0 R 9 0 R]")})
s=sign(pre); put('catalogue-as-pictures-before',s)
r=PdfFileReader(io.BytesIO(s)); root=generic.DictionaryObject({k:r.root.raw_get(k) for k in r.root}); root['/DSS']=generic.IndirectObject(90,0,r)
put('catalogue-as-pictures', by_hand(s,{1: written(root), 90: xobj(THO)}))
# field as resource dictionary through V
pre=by_hand(base(), {
  40: xobj(TEN), 41: show(b"/V Do"),
  42: b"<< /FT /Tx /T (Dict) /V 40 0 R >>",
  3: PAGE(b"/Contents 41 0 R /Resources << /XObject 42 0 R >> /Annots [8 0 R 9 0 R]"),
  7: b"<< /Fields [8 0 R 9 0 R 42 0 R] /DA (/F1 12 Tf 0 g) >>"})
s=sign(pre,**full); put('field-as-pictures-before',s)
put('field-as-pictures', by_hand(s,{42: b"<< /FT /Tx /T (Dict) /V 90 0 R >>",90: xobj(THO)}))
# object stream freed and made again
packed=qpdf(base(),'--object-streams=generate')
s=sign(packed,**full); put('object-stream-before',s)
def freed2(data, numbers, gen):
    prev=int(re.findall(rb"startxref\s+(\d+)",data)[-1]); out=data if data.endswith(b"\n") else data+b"\n"; start=len(out)
    r=PdfFileReader(io.BytesIO(data)); tr=r.trailer
    size=int(tr['/Size']); rootid=tr.raw_get('/Root').reference.idnum
    info=tr.raw_get('/Info') if '/Info' in tr else None
    out+=b"xref\n"+b"".join(b"%d 1\n0000000000 %05d f \n"%(n,gen) for n in numbers)
    out+=b"trailer\n<< /Size %d /Root %d 0 R %s /Prev %d /ID [<00> <00>] >>\nstartxref\n%d\n%%%%EOF\n"%(size,rootid,(b"/Info %d 0 R"%info.reference.idnum) if info is not None else b"",prev,start)
    return out
nums=[int(x) for x in re.findall(rb"(\d+) 0 obj\s*<<[^>]*?/Type /ObjStm",s)]
put('object-stream-freed', freed2(s,[nums[0]],1))
# redefine: same content but MediaBox / text? change page content reference
import zlib
r=PdfFileReader(io.BytesIO(s))
from pyhanko.pdf_utils import generic as g
o=r.get_object(g.Reference(nums[0],0,r))
n=int(o['/N']); first=int(o['/First']); body=o.data
new=body.replace(b"/MediaBox [ 0 0 595 842 ]",b"/MediaBox [ 0 0 595 742 ]",)
assert new!=body, body
def obs(b): return b"<< /Type /ObjStm /N %d /First %d /Length %d >>\nstream\n%s\nendstream"%(n,first,len(b),b)
def byhand2(data, objects, like=None):
    r=PdfFileReader(io.BytesIO(like or data)); tr=r.trailer
    prev=int(re.findall(rb"startxref\s+(\d+)",data)[-1]); out=data if data.endswith(b"\n") else data+b"\n"; at={}
    for k,b in objects.items():
        at[k]=len(out); out+=b"%d 0 obj\n"%k+b+b"\nendobj\n"
    start=len(out); size=int(tr['/Size']); rootid=tr.raw_get('/Root').reference.idnum
    info=tr.raw_get('/Info') if '/Info' in tr else None
    out+=b"xref\n"+b"".join(b"%d 1\n%010d 00000 n \n"%(k,v) for k,v in sorted(at.items()))
    out+=b"trailer\n<< /Size %d /Root %d 0 R %s /Prev %d /ID [<00> <00>] >>\nstartxref\n%d\n%%%%EOF\n"%(size,rootid,(b"/Info %d 0 R"%info.reference.idnum) if info is not None else b"",prev,start)
    return out
put('object-stream-replaced', byhand2(s,{nums[0]:obs(new)}))
put('object-stream-in-two-steps', byhand2(freed2(s,[nums[0]],0),{nums[0]:obs(new)}, s))
# field of the same name, painted
good=sign(base(),**full); put('same-name-before',good)
number, field, reader = field_object(good); form=reader.root.raw_get("/AcroForm")
listed=reader.root["/Pages"]["/Kids"][0]["/Annots"]; annots=b" ".join(b"%d 0 R"%x.reference.idnum for x in listed)
white=xobj(b"1 g 0 0 595 842 re f")
put('same-name', by_hand(good,{
 90: b"<< /FT /Sig /T (Siegel) /Type /Annot /Subtype /Widget /Rect [0 0 595 842] /F 4 /P 3 0 R /V 91 0 R /AP << /N 92 0 R >> >>",
 91: b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /Contents <00> /ByteRange [0 1 2 3] >>", 92: white,
 3: PAGE(b"/Contents 6 0 R /Annots ["+annots+b" 90 0 R]"), form.reference.idnum: added_to(form,b"90 0 R")}))
# timestamp with kids that paint, nobody stamped
cert=sign(base(),certify=True,docmdp_permissions=fields.MDPPerm(1),**full); put('timestamp-before',cert)
number, field, reader = field_object(cert); form=reader.root.raw_get("/AcroForm")
listed=reader.root["/Pages"]["/Kids"][0]["/Annots"]; annots=b" ".join(b"%d 0 R"%x.reference.idnum for x in listed)
put('timestamp-paints-below', by_hand(cert,{
 90: b"<< /FT /Sig /T (Zeit) /V 91 0 R /Kids [93 0 R] >>",
 91: b"<< /Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161 /Contents <00> /ByteRange [0 1 2 3] >>", 92: white,
 93: b"<< /Parent 90 0 R /Type /Annot /Subtype /Widget /Rect [0 0 595 842] /F 4 /P 3 0 R /AP << /N 92 0 R >> >>",
 3: PAGE(b"/Contents 6 0 R /Annots ["+annots+b" 93 0 R]"), form.reference.idnum: added_to(form,b"90 0 R")}))
# stamps noview
put('timestamp-printed', by_hand(cert,{
 90: b"<< /FT /Sig /T (Zeit) /V 91 0 R /Type /Annot /Subtype /Widget /Rect [0 0 595 842] /F 36 /P 3 0 R /AP << /N 92 0 R >> >>",
 91: b"<< /Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161 /Contents <00> /ByteRange [0 1 2 3] >>", 92: white,
 3: PAGE(b"/Contents 6 0 R /Annots ["+annots+b" 90 0 R]"), form.reference.idnum: added_to(form,b"90 0 R")}))
# more than a hundred changes hide a lock
objs={7:b"<< /Fields [8 0 R 9 0 R "+b" ".join(b"%d 0 R"%(200+i) for i in range(120))+b"] /DA (/F1 12 Tf 0 g) >>"}
for i in range(120): objs[200+i]=b"<< /FT /Tx /T (a%d) >>"%i
objs[3]=PAGE(b"/Contents 6 0 R /Annots [8 0 R 320 0 R 9 0 R]")
objs[320]=b"<< /FT /Tx /T (Betrag) /V (10) /Type /Annot /Subtype /Widget /Rect [72 600 300 620] /F 4 /P 3 0 R >>"
objs[7]=objs[7].replace(b"] /DA",b" 320 0 R] /DA")
locks=fields.FieldMDPSpec(fields.FieldMDPAction.INCLUDE,["Betrag"])
s=sign(by_hand(base(),objs),spec=SigFieldSpec("Siegel",box=(72,72,272,122),field_mdp_spec=locks),**full); put('lock-before',s)
more={200+i:b"<< /FT /Tx /T (a%d) /V (x) >>"%i for i in range(120)}
more[320]=objs[320].replace(b"(10)",b"(99)"); put('lock-among-many', by_hand(s,more))
put('lock-alone', by_hand(s,{320:more[320]}))
# size made smaller
prev=int(re.findall(rb"startxref\s+(\d+)", good)[-1]); start=len(good); info=b"".join(re.findall(rb"/Info \d+ 0 R", good)[-1:])
put('size', good+b"xref\n0 0\ntrailer\n<< /Size 6 /Root 1 0 R %s /Prev %d /ID [<00> <00>] >>\nstartxref\n%d\n%%%%EOF\n"%(info,prev,start))
put('spaces-behind', good+b" "*3000+b"\n")
