<CsoundSynthesizer>
<CsOptions>
-d -m0 -W -s
</CsOptions>
<CsInstruments>
; Stereo 48 kHz: two keyed tones with first-order Doppler of a straight fly-by (7.6 km/s, 500 km), noise, band-pass.
sr = 48000
ksmps = 64
nchnls = 2
0dbfs = 1

instr 1
  know     times
  kalong   = 7600 * ((know % 600) - 300)
  krange   = sqrt(kalong * kalong + 500000 * 500000)
  krate    = 7600 * kalong / krange / 299792458
  kdist    = 500000 / krange
  aclock   phasor 1 / 0.6
  apulse   tablei aclock, 1, 1
  apause   tablei aclock, 1, 1, 0.5, 1
  aleft    poscil 0.5 * kdist, 1000 - 20.005e6 * krate
  aright   poscil 0.5 * kdist, 1000 - 40.002e6 * krate
  anoisel  gauss 0.1
  anoiser  gauss 0.1
  aleft    butterbp aleft * apulse + anoisel, 1000, 600
  aright   butterbp aright * apause + anoiser, 1000, 600
           outs aleft, aright
endin
</CsInstruments>
<CsScore>
; half a period on, half off, with edges of 10 ms
f 1 0 8192 7 0 137 1 3959 1 137 0 3959 0
i 1 0 SECONDS
</CsScore>
</CsoundSynthesizer>
